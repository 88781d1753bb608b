import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Resonite, rpcs } from "@resoio/core";
import type { RecordingReader } from "@resoio/recording";
import { createMockMod, type MockMod, type MockModOptions, type Playing } from "../create-mock-mod.js";
import { createVirtualClock, type VirtualClock } from "../engine/clock.js";
import type { InProcessTransport } from "../in-process/create-in-process-transport.js";
import type { PlayOptions } from "../playback/play-options.js";
import type { RecordingMaker } from "./make-recording.js";
import { settleUntil } from "./settle-until.js";

/** A recording that is played as a mod in this process, in virtual time, with a client. */
export interface OpenPlayed extends AsyncDisposable {
  readonly mod: Playing<MockMod>;
  readonly playback: Playing<MockMod>["playback"];
  readonly clock: VirtualClock;
  readonly resonite: Resonite;
  readonly transport: InProcessTransport;
}

/** Plays a recording for one test. Its speed and place are up to the test, and it fails what it has no answer to. */
export async function openPlayed(
  recording: RecordingMaker | RecordingReader,
  {
    play,
    ...options
  }: Omit<MockModOptions, "clock" | "play"> & { readonly play?: Omit<PlayOptions, "recording"> } = {},
): Promise<OpenPlayed> {
  const reader = "recording" in recording ? await recording.reader() : recording;
  const clock = createVirtualClock();
  const mod = createMockMod({ ...options, clock, play: { otherwise: "fail", ...play, recording: reader } });
  const transport = mod.transport();
  const resonite = new Resonite(transport);
  return {
    mod,
    playback: mod.playback,
    clock,
    resonite,
    transport,
    async [Symbol.asyncDispose]() {
      await resonite.close();
      await mod.close();
    },
  };
}

/** One message of a stream, and when it came. */
export interface Seen<T> {
  readonly atMs: number;
  readonly message: T;
}

/** Reads a stream of the mod by itself, and notes when what comes. */
export class StreamReader<O extends DescMessage> implements AsyncDisposable {
  readonly seen: Seen<MessageShape<O>>[] = [];
  /** How it ended: `undefined` for in good order. Settles when it has. */
  readonly ended: Promise<unknown>;
  readonly #clock: VirtualClock;
  readonly #cancelling = new AbortController();
  #isOver = false;

  constructor(
    { transport, clock }: Pick<OpenPlayed, "transport" | "clock">,
    method: DescMethodServerStreaming<DescMessage, O>,
    request: MessageInitShape<DescMessage> = {},
  ) {
    this.#clock = clock;
    this.ended = this.#read(transport, method, request).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** Waits, without letting time pass, until there are `count` messages. Returns those that came since the last time. */
  async take(count: number): Promise<readonly Seen<MessageShape<O>>[]> {
    await settleUntil(this.#clock, () => this.seen.length >= count || this.#isOver);
    return this.seen.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelling.abort();
    await this.ended;
  }

  async #read(
    transport: InProcessTransport,
    method: DescMethodServerStreaming<DescMessage, O>,
    request: MessageInitShape<DescMessage>,
  ): Promise<void> {
    const { signal } = this.#cancelling;
    async function* requests() {
      yield create(method.input, request);
    }
    try {
      const { message: messages } = await transport.stream(method, signal, undefined, undefined, requests());
      for await (const message of messages) this.seen.push({ atMs: this.#clock.nowMs(), message });
    } finally {
      this.#isOver = true;
    }
  }
}

/** Reads the camera. */
export function watch(played: OpenPlayed, fpsLimit = 0) {
  return new StreamReader(played, rpcs["camera.streamFrames"].method, { fpsLimit });
}

/** Reads the speaker. */
export function listen(played: OpenPlayed) {
  return new StreamReader(played, rpcs["speaker.streamAudio"].method);
}

/** The numbers of messages. */
export function idsOf(seen: readonly Seen<{ readonly frameId: bigint }>[]): readonly number[] {
  return seen.map(({ message }) => Number(message.frameId));
}
