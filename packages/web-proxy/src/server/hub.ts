import { availableParallelism } from "node:os";
import { create, type DescMessage, type DescMethod, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { services } from "@resoio/core";
import { Picture } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { CameraStreamRequestSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { SpeakerStreamRequestSchema } from "@resoio/core/gen/resonite_io/v1/speaker_pb";
import {
  backgroundClock,
  type Clock,
  pathOf,
  type WireCall,
  type WireCallListener,
  type WireCallRequest,
} from "@resoio/core/internal";
import { DriveLease } from "./drive-lease.js";
import { ForwardedCall } from "./forwarded-call.js";
import { HubCalls } from "./hub-calls.js";
import { keepOpen } from "./keep-open.js";
import { type EncodingStats, PictureService } from "./picture-service.js";
import type { ProxyClient } from "./proxy-client.js";
import type { ProxyCallTap } from "./recording/call-taps.js";
import { type Feed, type Outlet, type Serve, ServedCall } from "./served-call.js";
import { SharedSource, type SharedSourceStats } from "./shared-source.js";
import type { Subscriber } from "./subscription.js";
import type { Upstream } from "./upstream.js";

/** Options of {@link createHub}. */
export interface HubOptions {
  /** How many pictures are encoded at once. Default: one less than this machine has cores, and at least 1. */
  readonly maxEncodings?: number | undefined;
  /** In how many different settings pictures may be watched at once. Default 16. */
  readonly maxPictureSettings?: number | undefined;
  /** In how many of them by one client. Default 4. */
  readonly maxPictureSettingsPerClient?: number | undefined;
  /** The time that it lives in. Default: this machine's. */
  readonly clock?: Clock | undefined;
  /** Told of the calls that the hub makes by itself, for all clients. Default: nobody. */
  readonly tap?: ((method: DescMethod) => ProxyCallTap) | undefined;
}

/** Figures of a {@link Hub}, for metrics. */
export interface HubStats {
  /** What is read once for all clients. */
  readonly sources: { readonly camera: SharedSourceStats; readonly speaker: SharedSourceStats };
  /** Pictures that were made for Picture.Watch. */
  readonly encodings: EncodingStats;
  /** Pictures that callers of Picture.Watch were too slow for. */
  readonly droppedPictures: number;
  /** The id of the client that drives; `undefined` for nobody. */
  readonly driver: string | undefined;
}

/**
 * Where the calls of all clients to one upstream meet.
 *
 * Camera.StreamFrames and Speaker.StreamAudio are one upstream call each, for all clients; who is too slow gets the newest
 * frames. Picture.Watch is made of the same camera call. Locomotion.Drive is for one client at a time. All other calls go through
 * as they are.
 */
export interface Hub {
  /** Makes a call, which `start` starts. */
  createCall(client: ProxyClient, request: WireCallRequest, listener: WireCallListener): WireCall;
  stats(): HubStats;
  /** Keeps one of the streams open that are read once for all, as long as nobody else does. Returns what ends that. */
  keepOpen(stream: KeptStream): () => void;
  /** Ends every call with `error`, and every later one when it starts. The upstream's transport stays open. */
  close(error: ConnectError): void;
}

/** A stream that is read once for all clients. */
export type KeptStream =
  | {
      readonly kind: "camera";
      /** The most frames per second; `Infinity` for all that there are. */
      readonly rate: number;
    }
  | { readonly kind: "speaker" };

/** The most frames that wait for a client that is slow: of the picture only the newest, of the sound about a second. */
const capacities = { camera: 1, speaker: 64 } as const;

/** Makes the {@link Hub} of an upstream. */
export function createHub(upstream: Upstream, options: HubOptions = {}): Hub {
  return new HubImpl(upstream, options);
}

class HubImpl implements Hub {
  readonly #upstream: Upstream;
  readonly #clock: Clock;
  readonly #calls = new HubCalls();
  readonly #kept = new Set<() => void>();
  readonly #camera: SharedSource;
  readonly #speaker: SharedSource;
  readonly #pictures: PictureService;
  readonly #drive: DriveLease;

  constructor(upstream: Upstream, options: HubOptions) {
    const { clock = backgroundClock, maxPictureSettings = 16, maxPictureSettingsPerClient = 4, tap } = options;
    const { maxEncodings = Math.max(1, availableParallelism() - 1) } = options;
    const { createCall } = upstream;
    this.#upstream = upstream;
    this.#clock = clock;
    this.#camera = new SharedSource({
      createCall,
      clock,
      method: services.camera.method.streamFrames,
      tap: tap && (() => tap(services.camera.method.streamFrames)),
      encodeRequest: (rate) => encodeCameraRequest(rate),
      capacity: capacities.camera,
      isPausable: true,
    });
    this.#speaker = new SharedSource({
      createCall,
      clock,
      method: services.speaker.method.streamAudio,
      tap: tap && (() => tap(services.speaker.method.streamAudio)),
      encodeRequest: () => new Uint8Array(0),
      capacity: capacities.speaker,
      // The mod would drop what is newest, and nobody would know.
      isPausable: false,
    });
    this.#pictures = new PictureService({
      camera: this.#camera,
      clock,
      maxEncodings,
      maxSettings: maxPictureSettings,
      maxSettingsPerClient: maxPictureSettingsPerClient,
    });
    this.#drive = new DriveLease({ createCall, calls: this.#calls, clock });
  }

  createCall(client: ProxyClient, request: WireCallRequest, listener: WireCallListener): WireCall {
    const serve = (answer: Serve): WireCall => new ServedCall(this.#calls, request, listener, answer);
    switch (pathOf(request.method)) {
      case paths.streamFrames:
        return serve((message, outlet) => this.#watchCamera(client, request, message, outlet));
      case paths.streamAudio:
        return serve((message, outlet) => this.#listen(client, request, message, outlet));
      case paths.watchPicture:
        return serve((message, outlet) => this.#pictures.serve(client, message, outlet));
      case paths.drive:
        return this.#drive.createCall(client, request, listener);
      default:
        return new ForwardedCall(this.#calls, this.#upstream.createCall, request, listener);
    }
  }

  stats(): HubStats {
    return {
      sources: { camera: this.#camera.stats, speaker: this.#speaker.stats },
      encodings: this.#pictures.stats,
      droppedPictures: this.#pictures.droppedPictures,
      driver: this.#drive.driver?.id,
    };
  }

  keepOpen(stream: KeptStream): () => void {
    const stop =
      stream.kind === "camera"
        ? keepOpen(this.#camera, stream.rate, this.#clock)
        : keepOpen(this.#speaker, Number.POSITIVE_INFINITY, this.#clock);
    this.#kept.add(stop);
    return () => {
      this.#kept.delete(stop);
      stop();
    };
  }

  close(error: ConnectError): void {
    // In this order, so that nobody who hears of the end gets in again, and the camera is not adjusted for each who leaves.
    this.#calls.refuse(error);
    for (const stop of this.#kept) stop();
    this.#camera.close(error);
    this.#speaker.close(error);
    this.#calls.abortAll(error);
    this.#drive.close(error);
  }

  #watchCamera(client: ProxyClient, request: WireCallRequest, message: Uint8Array, outlet: Outlet): Feed {
    const wish = tryDecode(CameraStreamRequestSchema, message);
    if (wish === undefined) return this.#forward(request, message, outlet);
    // Whatever is no limit for the mod is none here.
    const demand = wish.fpsLimit > 0 ? wish.fpsLimit : Number.POSITIVE_INFINITY;
    return this.#camera.subscribe(subscriberFor(client, outlet), demand);
  }

  #listen(client: ProxyClient, request: WireCallRequest, message: Uint8Array, outlet: Outlet): Feed {
    if (tryDecode(SpeakerStreamRequestSchema, message) === undefined) return this.#forward(request, message, outlet);
    return this.#speaker.subscribe(subscriberFor(client, outlet));
  }

  /** Lets the mod say what it thinks of a request that nobody can read: that is how it is asked whether it has an RPC. */
  #forward({ method }: WireCallRequest, message: Uint8Array, outlet: Outlet): Feed {
    const call = this.#upstream.createCall(
      { method },
      {
        onOpen: () => call.sendLast(message),
        onHeader: () => outlet.header(call.header),
        onMessage: (answer) => outlet.message(answer),
        onEnd: (error) => outlet.end(error, call.trailer),
      },
    );
    call.start();
    return {
      pause: () => call.pause(),
      resume: () => call.resume(),
      leave: (error) => call.cancel(error ?? new ConnectError("the call is over", Code.Canceled)),
    };
  }
}

const paths = {
  streamFrames: pathOf(services.camera.method.streamFrames),
  streamAudio: pathOf(services.speaker.method.streamAudio),
  drive: pathOf(services.locomotion.method.drive),
  watchPicture: pathOf(Picture.method.watch),
} as const;

function subscriberFor(client: ProxyClient, outlet: Outlet): Subscriber {
  return {
    onHeader: (header) => outlet.header(header),
    onMessage: (message, release) => outlet.message(message, release),
    onDrop: () => {
      client.counters.droppedFrames++;
    },
    onEnd: (error) => outlet.end(error),
  };
}

/** The size is left out: the mod gives frames the size of its window in any case. */
function encodeCameraRequest(rate: number): Uint8Array {
  const fpsLimit = rate === Number.POSITIVE_INFINITY ? 0 : rate;
  return toBinary(CameraStreamRequestSchema, create(CameraStreamRequestSchema, { fpsLimit }));
}

function tryDecode<T extends DescMessage>(schema: T, message: Uint8Array): MessageShape<T> | undefined {
  try {
    return fromBinary(schema, message);
  } catch {
    return undefined;
  }
}
