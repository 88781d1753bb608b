import { InvalidOptionsError } from "@resoio/core";
import { PingRequestSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { describe, expect, it } from "vitest";
import { openRecording } from "../reader/open-recording.js";
import type { RecordedMessage, RecordingReader } from "../reader/recording-reader.js";
import { bytesSource } from "../reader/recording-source.js";
import { PlayedBoard, RecordedBoard } from "../testing/board.js";
import { MemorySink } from "../testing/memory-sink.js";
import { recordSample } from "../testing/record-sample.js";
import { TestClock } from "../testing/test-clock.js";
import { createRecording } from "../writer/create-recording.js";
import { createPlayer } from "./create-player.js";
import type { PlayedMessage, Player, PlayerOptions } from "./player.js";

describe("oracle 15: recording bytes to player", () => {
  it("gives the same messages in the same order at the same times", async () => {
    const { bytes, told } = await recordSample();
    const clock = new TestClock();
    const heard: [string, number, number, Uint8Array][] = [];
    await using player = createPlayer(await openRecording(bytesSource(bytes)), {
      clock,
      topics: told.map(([topic]) => topic),
      onMessage: ({ topic, atMs, data }) => void heard.push([topic.topic, atMs, clock.nowMs(), data]),
    });
    player.play();
    await playThrough(player, clock, 1);

    expect(heard.map(([topic, atMs, , data]) => [topic, atMs, data])).toEqual(
      told.map(([topic, atMs, data]) => [topic, expect.closeTo(atMs, 5), data]),
    );
    for (const [, atMs, heardMs] of heard) expect(heardMs - atMs).toBeGreaterThanOrEqual(0);
    for (const [, atMs, heardMs] of heard) expect(heardMs - atMs).toBeLessThanOrEqual(1);
  });

  it("shows after seeking, back and forth, what playing up to there shows", async () => {
    const reader = await recordedBoard();
    const clock = new TestClock();
    const board = new PlayedBoard();
    await using player = createPlayer(reader, { clock, ...board });
    const placesMs = [9_000, 3_333, 250, 5_001, 5_000, 4_999, 100, 0.5, 9_900, 2_000, 10_000];
    for (const atMs of placesMs) {
      await player.seek(atMs);

      expect(player.positionMs).toBe(atMs);
      expect([atMs, board.content]).toEqual([atMs, await freshPlay(reader, atMs)]);
    }
  });

  it("plays on after seeking back as it does when played afresh", async () => {
    const reader = await recordedBoard();
    const clock = new TestClock();
    const board = new PlayedBoard();
    await using player = createPlayer(reader, { clock, ...board });
    await player.seek(8_000);
    await player.seek(2_600);
    player.play();
    clock.advance(1_700);
    await player.settled();

    expect(player.positionMs).toBe(4_300);
    expect(board.content).toEqual(await freshPlay(reader, 4_300));
  });

  it("recovers a truncated file up to its last whole chunk", async () => {
    const { bytes, told } = await recordSample();
    const cut = bytes.subarray(0, Math.floor(bytes.byteLength * 0.7));
    const { heard, options } = listener();
    const clock = new TestClock();
    await using player = createPlayer(await openRecording(bytesSource(cut)), { clock, ...options });
    player.play();
    await playThrough(player, clock, 100);

    const messages = heard.filter(({ message }) => message.topic.topic.startsWith("/rpc/"));
    expect(messages.length).toBeGreaterThan(told.length / 3);
    expect(messages.map(({ message }) => message.data)).toEqual(
      told.slice(0, messages.length).map(([, , data]) => data),
    );
  });
});

describe("a player", () => {
  it("hands over what is due to the nanosecond, whatever numbers the clock has", async () => {
    const times = [100, 250, 1_000, 5_000, 9_000];
    const recordingClock = new TestClock();
    const sink = new MemorySink();
    const recording = createRecording({ sink, clock: recordingClock });
    for (const atMs of times) {
      recordingClock.advance(atMs - recordingClock.nowMs());
      recording.message("/beat", PingRequestSchema, new Uint8Array(0));
    }
    await recording.end();
    const reader = await openRecording(bytesSource(sink.bytes));
    for (let part = 1; part < 40; part++) {
      const clock = new TestClock();
      clock.advance(1_000 / part);
      const { heard, options } = listener();
      await using player = createPlayer(reader, { clock, ...options });
      player.play();
      await player.settled();
      for (const [index, atMs] of times.entries()) {
        clock.advance(atMs + 1_000 / part - clock.nowMs());
        await player.settled();
        expect([part, heard.length]).toEqual([part, index + 1]);
      }
    }
  });

  it("forgets what a channel showed before it began anew", async () => {
    const clock = new TestClock();
    const sink = new MemorySink();
    const recording = createRecording({ sink, clock });
    const recorded = new RecordedBoard(recording);
    recorded.keyframe();
    recorded.set("a", 1);
    clock.advance(1_000);
    recorded.reset();
    recorded.set("b", 2);
    clock.advance(1_000);
    await recording.end();
    const reader = await openRecording(bytesSource(sink.bytes));
    const board = new PlayedBoard();
    await using player = createPlayer(reader, { clock: new TestClock(), ...board });
    await player.seek(1_500);

    expect(board.content).toEqual([["b", 2]]);
    expect(await freshPlay(reader, 1_500)).toEqual(board.content);
  });

  it("restores from a keyframe alone what came at the same time before it", async () => {
    const clock = new TestClock();
    const sink = new MemorySink();
    const recording = createRecording({ sink, clock });
    const recorded = new RecordedBoard(recording);
    clock.advance(100);
    recorded.set("a", 1);
    recorded.keyframe();
    recorded.set("b", 2);
    clock.advance(100);
    await recording.end();
    const { heard, options } = listener();
    const reader = await openRecording(bytesSource(sink.bytes));
    await using player = createPlayer(reader, { clock: new TestClock(), ...options });
    await player.seek(150);

    expect(heard.map(({ message, played }) => [message.sequence, played.event?.key])).toEqual([[2, "b"]]);
  });

  it("repeats from a loop's start that was marked when it had passed, and loses no time", async () => {
    const recordingClock = new TestClock();
    const sink = new MemorySink();
    const recording = createRecording({ sink, clock: recordingClock });
    for (let step = 0; step < 5; step++) {
      recordingClock.advance(100);
      recording.message("/beat", PingRequestSchema, new Uint8Array(0));
    }
    recording.markLoopStart(250);
    recordingClock.advance(100);
    await recording.end();
    const clock = new TestClock();
    const { heard, options } = listener();
    const reader = await openRecording(bytesSource(sink.bytes));
    await using player = createPlayer(reader, { clock, loop: true, ...options });
    player.play();
    clock.advance(630);
    await player.settled();
    expect(player.positionMs).toBe(280);
    clock.advance(250);
    await player.settled();

    expect(heard.map(({ message }) => message.atMs)).toEqual([100, 200, 300, 400, 500, 300, 400, 500]);
  });

  it("does nothing until it is told to play, and nothing while it pauses", async () => {
    const clock = new TestClock();
    const { heard, options } = listener();
    await using player = createPlayer(await recordedBoard(), { clock, ...options });
    clock.advance(1_000);
    await player.settled();
    expect(heard).toEqual([]);

    player.play();
    clock.advance(500);
    await player.settled();
    const count = heard.length;
    expect(count).toBeGreaterThan(0);
    player.pause();
    clock.advance(5_000);
    await player.settled();
    expect(heard).toHaveLength(count);
    expect(player.positionMs).toBe(500);
    expect(player.state).toBe("paused");
  });

  it.each([0.1, 0.5, 2, 8])("plays at the speed %d", async (speed) => {
    const clock = new TestClock();
    const { heard, options } = listener();
    await using player = createPlayer(await recordedBoard(), { clock, speed, ...options });
    player.play();
    clock.advance(1_000);
    await player.settled();

    expect(player.positionMs).toBe(1_000 * speed);
    expect(heard.at(-1)?.message.atMs).toBeLessThanOrEqual(1_000 * speed);
    expect(heard.at(-1)?.message.atMs).toBeGreaterThan(1_000 * speed - 101);
  });

  it("changes its speed from where it is", async () => {
    const clock = new TestClock();
    await using player = createPlayer(await recordedBoard(), { clock, ...listener().options });
    player.play();
    clock.advance(1_000);
    player.speed = 4;
    clock.advance(1_000);

    expect(player.positionMs).toBe(5_000);
  });

  it.each([0, 0.09, 8.1, Number.NaN, -1])("refuses the speed %d", async (speed) => {
    const reader = await recordedBoard();
    await using player = createPlayer(reader, { clock: new TestClock(), ...listener().options });

    expect(() => createPlayer(reader, { speed, ...listener().options })).toThrow(InvalidOptionsError);
    expect(() => {
      player.speed = speed;
    }).toThrow(InvalidOptionsError);
    expect(player.speed).toBe(1);
  });

  it("ends at the end, and begins again when it is told to play", async () => {
    const clock = new TestClock();
    const { heard, options } = listener();
    const states: string[] = [];
    await using player = createPlayer(await recordedBoard(), {
      clock,
      ...options,
      onStateChange: (state) => void states.push(state),
    });
    player.play();
    clock.advance(20_000);
    await player.ended;
    const once = heard.length;
    expect([player.state, player.positionMs]).toEqual(["ended", 10_000]);

    player.play();
    await player.settled();
    clock.advance(20_000);
    await player.ended;
    expect(heard).toHaveLength(2 * once);
    expect(states).toEqual(["playing", "ended", "playing", "ended"]);
  });

  it("repeats from the loop's start, in time, with what was shown there", async () => {
    const reader = await recordedBoard({ loopStartMs: 6_000 });
    const clock = new TestClock();
    const board = new PlayedBoard();
    await using player = createPlayer(reader, { clock, loop: true, ...board });
    player.play();
    for (let count = 0; count < 25; count++) {
      clock.advance(1_000);
      await player.settled();
    }

    // 10 seconds, then 4 seconds again and again.
    expect(player.positionMs).toBe(9_000);
    expect(player.state).toBe("playing");
    expect(board.content).toEqual(await freshPlay(reader, 9_000));
  });

  it("repeats what came after the mark and not what came before it, when all has the same time", async () => {
    const clock = new TestClock();
    const sink = new MemorySink();
    const recording = createRecording({ sink, clock, times: "logical" });
    const board = new RecordedBoard(recording);
    board.set("before", 1);
    recording.markLoopStart();
    board.set("after", 2);
    recording.insertSleep(100);
    board.set("later", 3);
    recording.insertSleep(100);
    expect((await recording.end()).loopStartMs).toBe(0);

    const { heard, options } = listener();
    await using player = createPlayer(await openRecording(bytesSource(sink.bytes)), { clock, loop: true, ...options });
    player.play();
    for (let count = 0; count < 3; count++) {
      clock.advance(100);
      await player.settled();
    }
    const keys = heard.map(({ played }) => [played.event?.key, played.isRestored]);
    expect(keys).toEqual([
      ["before", false],
      ["after", false],
      ["later", false],
      ["before", true],
      ["after", false],
      ["later", false],
    ]);
  });

  it("does not repeat what takes no time", async () => {
    const clock = new TestClock();
    const sink = new MemorySink();
    const recording = createRecording({ sink, clock, times: "logical" });
    new RecordedBoard(recording).set("only", 1);
    await recording.end();
    const { heard, options } = listener();
    await using player = createPlayer(await openRecording(bytesSource(sink.bytes)), { clock, loop: true, ...options });
    player.play();
    await player.ended;

    expect(heard).toHaveLength(1);
  });

  it("gives the newest message of a topic of which only that counts, after a seek", async () => {
    const { bytes } = await recordSample();
    const camera = "/rpc/camera.streamFrames/response";
    const { heard, options } = listener();
    const reader = await openRecording(bytesSource(bytes));
    await using player = createPlayer(reader, { clock: new TestClock(), latestOf: [camera], ...options });
    await player.seek(1_000);

    const expected = await reader.lastMessage(camera, 1_000);
    expect(heard.map(({ message, played }) => [message.topic.topic, message.atMs, played.isRestored])).toEqual([
      [camera, expected?.atMs, true],
    ]);
    expect(expected?.atMs).toBeGreaterThan(900);
  });

  it("waits for a slow callback, keeps the order, and catches up", async () => {
    const clock = new TestClock();
    const order: number[] = [];
    const gate = Promise.withResolvers<void>();
    await using player = createPlayer(await recordedBoard(), {
      clock,
      async onMessage({ atMs }) {
        if (order.length === 1) await gate.promise;
        order.push(atMs);
      },
    });
    player.play();
    clock.advance(3_000);
    gate.resolve();
    await player.settled();

    expect(order.length).toBeGreaterThan(20);
    expect(order).toEqual(order.toSorted((one, other) => one - other));
  });

  it("ends with what a callback throws, unless somebody wants to know of it", async () => {
    const reader = await recordedBoard();
    const clock = new TestClock();
    const failing = (): void => {
      throw new Error("no board");
    };
    await using player = createPlayer(reader, { clock, onMessage: failing });
    player.play();
    clock.advance(1_000);
    await expect(player.ended).rejects.toThrow("no board");
    expect(player.state).toBe("closed");

    const errors: unknown[] = [];
    await using other = createPlayer(reader, {
      clock,
      onMessage: failing,
      onError: (error) => void errors.push(error),
    });
    other.play();
    clock.advance(1_000);
    await other.settled();
    expect(errors.length).toBeGreaterThan(5);
    expect(other.state).toBe("playing");
  });

  it("calls nothing any more once it is closed", async () => {
    const clock = new TestClock();
    const { heard, options } = listener();
    const player = createPlayer(await recordedBoard(), { clock, ...options });
    player.play();
    await player.close();
    clock.advance(10_000);
    await player.settled();
    await player.seek(5_000);
    await player.ended;

    expect(heard).toEqual([]);
  });
});

/** Ten seconds, in which three things move ten times a second, one at a time, with a keyframe every two seconds. */
async function recordedBoard({ loopStartMs }: { readonly loopStartMs?: number } = {}): Promise<RecordingReader> {
  const clock = new TestClock();
  const sink = new MemorySink();
  const recording = createRecording({ sink, clock, chunkBytes: 1_000 });
  const board = new RecordedBoard(recording);
  board.set("a", -1);
  board.keyframe();
  for (let step = 1; step <= 100; step++) {
    clock.advance(100);
    board.set(["a", "b", "c"][step % 3] ?? "", step / 100);
    if (step % 20 === 0) board.keyframe();
    if (clock.nowMs() === loopStartMs) recording.markLoopStart();
    // So that the chunks are stored as they would be.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await recording.end();
  return await openRecording(bytesSource(sink.bytes));
}

/** What a board shows that was played from the start up to `atMs`. */
async function freshPlay(reader: RecordingReader, atMs: number): Promise<readonly unknown[]> {
  const clock = new TestClock();
  const board = new PlayedBoard();
  await using player = createPlayer(reader, { clock, ...board });
  player.play();
  clock.advance(atMs);
  await player.settled();
  return board.content;
}

async function playThrough(player: Player, clock: TestClock, stepMs: number): Promise<void> {
  while (player.state === "playing") {
    clock.advance(stepMs);
    await player.settled();
  }
}

function listener(): {
  readonly heard: readonly { readonly message: RecordedMessage; readonly played: PlayedMessage }[];
  readonly options: PlayerOptions;
} {
  const heard: { message: RecordedMessage; played: PlayedMessage }[] = [];
  return { heard, options: { onMessage: (message, played) => void heard.push({ message, played }) } };
}
