import { type Clock, createPlayer, openRecording, type Player, type RecordingSource } from "@resoio/recording";

/** What a program hears of a recording: the same module runs in Node and in the page. */
export interface HeardInRecording {
  /** From the start to two thirds, sought back to a third, from there to the end: each message, and each new place, as a line. */
  readonly lines: readonly string[];
  /** What the index finds: each picture of the camera. */
  readonly pictures: readonly string[];
}

/** Plays a recording whose camera is on `cameraTopic`, at the pace of a clock that is moved as fast as the player follows. */
export async function hearRecording(source: RecordingSource, cameraTopic: string): Promise<HeardInRecording> {
  const reader = await openRecording(source);
  const lines: string[] = [];
  const clock = new HandClock();
  await using player = createPlayer(reader, {
    clock,
    latestOf: [cameraTopic],
    onReset: (atMs) => void lines.push(`at ${atMs}`),
    async onMessage({ topic, atMs, sequence, data }, { isRestored, event }) {
      const how = `${isRestored ? "restored " : ""}${event?.key ?? ""}`;
      lines.push(`${topic.topic} ${atMs} ${sequence} ${await digestOf(data)} ${how}`);
    },
  });
  const { durationMs } = player;
  await playTo(player, clock, (durationMs * 2) / 3);
  await player.seek(durationMs / 3);
  await playTo(player, clock, durationMs);
  const pictures: string[] = [];
  for await (const { atMs, frame } of reader.frames()) {
    const { width, height, frameId } = frame.message;
    const bytes = frame.kind === "raw" ? frame.message.pixels : frame.message.data;
    pictures.push(`${atMs} ${frame.kind} ${frameId} ${width} x ${height} ${await digestOf(bytes)}`);
  }
  return { lines, pictures };
}

async function playTo(player: Player, clock: HandClock, atMs: number): Promise<void> {
  player.play();
  while (player.positionMs < atMs) {
    clock.advance(Math.min(20, atMs - player.positionMs));
    await player.settled();
  }
  player.pause();
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A clock that moves when it is told to. */
class HandClock implements Clock {
  readonly #tasks = new Set<{ readonly dueMs: number; readonly task: () => void }>();
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  unixNanos(): bigint {
    return BigInt(Math.round(this.#nowMs * 1e6));
  }

  schedule(delayMs: number, task: () => void): () => void {
    const entry = { dueMs: this.#nowMs + delayMs, task };
    this.#tasks.add(entry);
    return () => this.#tasks.delete(entry);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const entry of [...this.#tasks].sort((one, other) => one.dueMs - other.dueMs)) {
      if (entry.dueMs <= this.#nowMs && this.#tasks.delete(entry)) entry.task();
    }
  }
}
