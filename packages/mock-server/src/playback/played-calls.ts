import { isMessage, type Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { type Rpc, type RpcId, rpcs } from "@resoio/core";
import { CameraStreamRequestSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import type { RecordingReader } from "@resoio/recording";
import type { Clock } from "../engine/clock.js";
import { sleep } from "../engine/sleep.js";
import { EncodedMessage } from "../server/encoded-message.js";
import type { StandIn } from "../server/stand-in.js";
import { damagedRecordingError, neverRecordedError, otherRequestError } from "./missing-answer.js";
import type { PlayedStreams } from "./played-streams.js";
import type { PlayedTime } from "./played-time.js";
import { RecordedAnswers } from "./recorded-answers.js";
import { RecordedStreams } from "./recorded-streams.js";

/** What {@link PlayedCalls} works with. */
export interface PlayedCallsOptions {
  readonly recording: RecordingReader;
  /** How messages name the recording. */
  readonly name: string;
  readonly clock: Clock;
  readonly time: PlayedTime;
  readonly streams: PlayedStreams;
  /** Who answers what the recording does not. */
  readonly otherwise: "scenario" | "fail";
  /** How long answers take. */
  readonly latency: "recorded" | "none";
}

/** Answers calls from a recording, as it is at that moment. */
export class PlayedCalls implements StandIn {
  readonly #options: PlayedCallsOptions;
  readonly #answers: RecordedAnswers;
  readonly #streamCalls: RecordedStreams;

  constructor(options: PlayedCallsOptions) {
    this.#options = options;
    this.#answers = new RecordedAnswers(options.recording);
    this.#streamCalls = new RecordedStreams(options.recording);
  }

  async unary(rpc: Rpc, request: Message, signal: AbortSignal): Promise<(() => Promise<EncodedMessage>) | undefined> {
    // Whoever wants to end the game that is here would get nothing by a recorded answer.
    if (rpc.id === "lifecycle.shutdown") return undefined;
    const { time, name } = this.#options;
    // Whether somebody is here, no recording can say; and to ask is not to begin.
    const isPing = rpc.id === "connection.ping";
    const positionMs = isPing ? time.positionMs : await this.#read(time.begin());
    const found = await this.#read(this.#answers.find(rpc, request, positionMs));
    switch (found.kind) {
      case "answer":
        return async () => {
          await this.#delay(found.latencyMs, signal);
          return new EncodedMessage(found.bytes);
        };
      case "error":
        return async () => {
          await this.#delay(found.latencyMs, signal);
          throw found.error;
        };
      case "other-requests":
        return isPing ? undefined : this.#miss(rpc, otherRequestError(rpc, name, found.answers));
      case "nothing":
        return isPing ? undefined : this.#miss(rpc, neverRecordedError(rpc, name));
    }
  }

  async serverStream(
    rpc: Rpc,
    request: Message,
    signal: AbortSignal,
  ): Promise<(() => AsyncIterable<EncodedMessage>) | undefined> {
    const { time, streams, clock } = this.#options;
    const positionMs = await this.#read(time.begin());
    const isCamera = rpc.id === rpcs["camera.streamFrames"].id;
    if (streams.topics[isCamera ? "camera" : "speaker"].length === 0) {
      // A stream that sent nothing is in the recording as well.
      const { isTaken, refusal } = await this.#ask(rpc, positionMs);
      if (!isTaken) return refusal;
    }
    const fpsLimit = isMessage(request, CameraStreamRequestSchema) ? request.fpsLimit : 0;
    const isStill = time.state !== "playing";
    return () => (isCamera ? streams.pictures(isStill, { clock, fpsLimit, signal }) : streams.sounds(signal));
  }

  async clientStream(rpc: Rpc): Promise<(() => never) | undefined> {
    // A recording cannot be steered: the simulated game takes what is sent, counts it, and writes it down.
    return (await this.#ask(rpc, await this.#read(this.#options.time.begin()))).refusal;
  }

  /** Whether the mod took such a call when it was recorded. If not: with what it is refused, unless the scenario takes it. */
  async #ask(
    rpc: Rpc,
    positionMs: number,
  ): Promise<{ readonly isTaken: boolean; readonly refusal: (() => never) | undefined }> {
    const found = await this.#read(this.#streamCalls.find(rpc, positionMs));
    if (found === "well") return { isTaken: true, refusal: undefined };
    const refusal = found === undefined ? this.#miss(rpc, neverRecordedError(rpc, this.#options.name)) : failing(found);
    return { isTaken: false, refusal };
  }

  #miss({ id }: { readonly id: RpcId }, error: ConnectError): (() => never) | undefined {
    const { time, otherwise } = this.#options;
    time.unanswered.set(id, (time.unanswered.get(id) ?? 0) + 1);
    return otherwise === "scenario" ? undefined : failing(error);
  }

  /** Lets pass what passed when the call was recorded. While time stands still, nothing does. */
  async #delay(recordedMs: number, signal: AbortSignal): Promise<void> {
    const { time, clock, latency } = this.#options;
    if (latency === "none" || recordedMs <= 0 || time.state !== "playing") return;
    await sleep(clock, recordedMs / time.speed, signal);
  }

  async #read<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      throw damagedRecordingError(this.#options.name, error);
    }
  }
}

function failing(error: ConnectError): () => never {
  return () => {
    throw error;
  };
}
