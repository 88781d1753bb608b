import { availableParallelism } from "node:os";
import { InvalidOptionsError, type Logger } from "@resoio/core";
import { backgroundClock } from "@resoio/core/internal";
import { createRecording, type Recording } from "@resoio/recording";
import { fileRecordingDefaults } from "@resoio/recording/node";
import { type ChannelDoor, doorOf } from "../channels/channel-door.js";
import type { Hub } from "../hub.js";
import type { ProxyClient } from "../proxy-client.js";
import type { ServedChannel } from "../proxy-options.js";
import { CallTaps } from "./call-taps.js";
import { ChannelRecorder } from "./channel-recorder.js";
import { PictureRecorder } from "./picture-recorder.js";
import {
  type ClientRecordingOptions,
  type ProxyRecordingOptions,
  resolveKeyframeInterval,
  resolvePictures,
  resolveSink,
} from "./proxy-recording-options.js";

/** Options of {@link ProxyRecordings}. */
export interface ProxyRecordingsOptions {
  /** All upstreams that there are, by name. */
  readonly hubs: () => Iterable<readonly [string, Hub]>;
  readonly channels: readonly ServedChannel[];
  readonly logger: Logger;
}

/** The recordings of a proxy that run. */
export class ProxyRecordings {
  readonly taps = new CallTaps();
  readonly #options: ProxyRecordingsOptions;
  readonly #pictures = new PictureRecorder(Math.max(1, availableParallelism() - 1), backgroundClock);
  readonly #running = new Map<Recording, Running>();

  constructor(options: ProxyRecordingsOptions) {
    this.#options = options;
  }

  /** As `RunningProxy.startRecording`. */
  startAll(options: ProxyRecordingOptions): Recording {
    const { keepOpen = {}, upstream } = options;
    const { camera = false } = keepOpen;
    const rate = typeof camera === "object" ? camera.fpsLimit : Number.POSITIVE_INFINITY;
    if (!(rate > 0)) throw new InvalidOptionsError(`keepOpen.camera.fpsLimit must be above 0, not ${rate}`);
    const recording = this.#start(options, undefined, upstream);
    const running = this.#running.get(recording);
    if (running === undefined) return recording;
    running.keep = (name, hub) => {
      if (upstream !== undefined && upstream !== name) return;
      // One upstream may follow another with the same name. Then the former is closed.
      if (camera !== false) running.stops.set(`${name} camera`, hub.keepOpen({ kind: "camera", rate }));
      if (keepOpen.speaker === true) running.stops.set(`${name} speaker`, hub.keepOpen({ kind: "speaker" }));
    };
    for (const [name, hub] of this.#options.hubs()) running.keep(name, hub);
    return recording;
  }

  /** As `ConnectedClient.startRecording`. */
  startFor(client: ProxyClient, options: ClientRecordingOptions): Recording {
    return this.#start(options, client, undefined);
  }

  /** There is one more upstream. */
  hubAdded(name: string, hub: Hub): void {
    for (const { keep } of this.#running.values()) keep(name, hub);
  }

  /** Ends all of them. Resolves when they are stored, or broke off. */
  async stop(): Promise<void> {
    await Promise.allSettled([...this.#running.keys()].map((recording) => recording.end()));
  }

  #start(options: ClientRecordingOptions, client: ProxyClient | undefined, upstream: string | undefined): Recording {
    const pictures = resolvePictures(options);
    const keyframeIntervalMs = resolveKeyframeInterval(options);
    const channels = this.#channelsOf(options);
    const { camera: _, file: __, sink: ___, ...others } = options;
    const recording = createRecording({
      logger: this.#options.logger,
      ...fileRecordingDefaults(others),
      sink: resolveSink(options),
      camera: pictures === undefined ? "raw" : this.#pictures.encoderFor(pictures),
      onStop: () => this.#onStop(recording),
    });
    const { clock } = options;
    const recorders = channels.map(
      (channel) => new ChannelRecorder({ recording, channel, connectionId: client?.id, keyframeIntervalMs, clock }),
    );
    this.#running.set(recording, { stops: new Map(), recorders, keep() {} });
    this.taps.add(recording, { client, upstream });
    return recording;
  }

  #channelsOf({ channels: wanted }: ClientRecordingOptions): readonly ChannelDoor[] {
    const { channels } = this.#options;
    for (const name of wanted ?? []) {
      if (!channels.some((channel) => channel.name === name)) {
        throw new InvalidOptionsError(`this proxy serves no channel ${JSON.stringify(name)} that could be recorded`);
      }
    }
    return channels.filter(({ name }) => wanted === undefined || wanted.includes(name)).map(doorOf);
  }

  #onStop(recording: Recording): void {
    this.taps.delete(recording);
    const running = this.#running.get(recording);
    for (const stop of running?.stops.values() ?? []) stop();
    for (const recorder of running?.recorders ?? []) recorder.stop();
    this.#running.delete(recording);
  }
}

interface Running {
  /** What ends the streams that are kept open for it. */
  readonly stops: Map<string, () => void>;
  readonly recorders: readonly ChannelRecorder[];
  /** Keeps open what it needs of an upstream. */
  keep: (name: string, hub: Hub) => void;
}
