import { create, type DescMessage, type DescMethodUnary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { type RpcId, rpcs } from "@resoio/core";
import { CameraFrameFormat, CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { AudioFrameSchema } from "@resoio/core/gen/resonite_io/v1/speaker_pb";
import {
  bytesSource,
  type CallTap,
  createRecording,
  openRecording,
  type Recording,
  type RecordingOptions,
  type RecordingReader,
} from "@resoio/recording";

/** When recordings that tests make begin. */
export const recordingStartNanos = 1_750_000_000_000_000_000n;

/** Puts what a test wants into a recording, at the times that it wants. */
export class RecordingMaker {
  readonly recording: Recording;
  readonly #parts: Uint8Array[] = [];
  readonly #calls = new Map<RpcId, CallTap>();
  #nowMs = 0;

  constructor(options: Omit<RecordingOptions, "sink" | "clock"> = {}) {
    this.recording = createRecording({
      ...options,
      sink: {
        write: async (bytes) => {
          this.#parts.push(bytes);
        },
      },
      clock: {
        nowMs: () => this.#nowMs,
        unixNanos: () => recordingStartNanos + BigInt(Math.round(this.#nowMs * 1e6)),
        // Everything is stored in the end.
        schedule: () => () => {},
      },
    });
  }

  /** What follows happens at `ms`, in milliseconds since the start. */
  at(ms: number): this {
    this.#nowMs = ms;
    return this;
  }

  /** A call that takes no time, or `tookMs`. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    answer: MessageInitShape<O> | ConnectError | undefined,
    tookMs = 0,
  ): this {
    const tap = this.recording.call(method);
    tap?.request(toBinary(method.input, create(method.input, request)));
    this.#nowMs += tookMs;
    if (answer instanceof Error) tap?.end(answer);
    else if (answer !== undefined) {
      tap?.response(toBinary(method.output, create(method.output, answer)));
      tap?.end(undefined);
    }
    return this;
  }

  /** A stream is opened; its messages follow. */
  open(rpc: RpcId): this {
    const tap = this.recording.call(rpcs[rpc].method);
    if (tap !== undefined) this.#calls.set(rpc, tap);
    return this;
  }

  /** The stream ends. */
  end(rpc: RpcId, error?: ConnectError): this {
    this.#calls.get(rpc)?.end(error);
    return this;
  }

  /** A message of the stream, as it is on the wire. */
  response(rpc: RpcId, bytes: Uint8Array): this {
    this.#calls.get(rpc)?.response(bytes);
    return this;
  }

  /** A picture with this number, of 2 x 1 pixels unless there are more bytes. */
  picture(frameId: number, pixels: Uint8Array = new Uint8Array(8).fill(frameId)): this {
    return this.response(
      "camera.streamFrames",
      toBinary(
        CameraFrameSchema,
        create(CameraFrameSchema, {
          width: pixels.byteLength / 4,
          height: 1,
          format: CameraFrameFormat.RGBA8,
          frameId: BigInt(frameId),
          unixNanos: this.#unixNanos,
          pixels,
        }),
      ),
    );
  }

  /** A sound with this number. */
  sound(frameId: number): this {
    return this.response(
      "speaker.streamAudio",
      toBinary(
        AudioFrameSchema,
        create(AudioFrameSchema, {
          frameId: BigInt(frameId),
          unixNanos: this.#unixNanos,
          sampleCount: 1,
          samples: new Uint8Array(8).fill(frameId),
        }),
      ),
    );
  }

  /** Ends the recording, and gives the bytes of its file. */
  async bytes(): Promise<Uint8Array> {
    await this.recording.end();
    return Buffer.concat(this.#parts);
  }

  /** Ends the recording, and opens it. */
  async reader(): Promise<RecordingReader> {
    return await openRecording(bytesSource(await this.bytes()));
  }

  get #unixNanos(): bigint {
    return recordingStartNanos + BigInt(Math.round(this.#nowMs * 1e6));
  }
}

/** A recording of so many seconds, ten pictures and ten sounds each, and a world that changes its name every second. */
export function makeRun(seconds: number): RecordingMaker {
  const maker = new RecordingMaker({ chunkBytes: 2_000 }).open("camera.streamFrames").open("speaker.streamAudio");
  for (let index = 0; index < seconds * 10; index++) {
    maker.at(index * 100);
    if (index % 10 === 0) maker.unary(getCurrent, {}, worldNamed(`World ${index / 10}`));
    maker
      .picture(index)
      .at(index * 100 + 50)
      .sound(index);
  }
  return maker
    .at(seconds * 1_000)
    .end("camera.streamFrames")
    .end("speaker.streamAudio");
}

const getCurrent = rpcs["world.getCurrent"].method;

/** The answer that a world of this name is in focus. */
export function worldNamed(name: string): MessageInitShape<(typeof getCurrent)["output"]> {
  return { world: { name }, hasWorld: true };
}
