import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TestClock } from "../testing/test-clock.js";
import { BatchEncoder } from "./batch-encoder.js";
import { readBatch } from "./batch-reader.js";
import { BatchSender, type BatchSenderOptions } from "./batch-sender.js";
import type { OutgoingMessage, SendOutcome } from "./outgoing.js";
import { outgoing } from "./testing/outgoing-messages.js";
import { WindowScheduler } from "./window-scheduler.js";

describe("BatchSender", () => {
  it("sends what comes within a window as one batch, at its end", () => {
    const { sender, clock, batches } = setUp();
    sender.push(outgoing("a"));
    clock.advance(10);
    sender.push(outgoing("b"));
    clock.advance(5);
    expect(batches).toEqual([]);

    clock.advance(1);
    expect(batches).toEqual(["a b"]);
  });

  it("has windows that follow each other while something comes all the time, and begins one after a pause", () => {
    const { sender, clock, batches } = setUp();
    sender.push(outgoing("a"));
    clock.advance(16);
    clock.advance(10);
    // The next window ends 16 ms after the last one, not 16 ms from now.
    sender.push(outgoing("b"));
    clock.advance(6);
    expect(batches).toEqual(["a", "b"]);

    clock.advance(100);
    sender.push(outgoing("c"));
    clock.advance(15);
    expect(batches).toHaveLength(2);
    clock.advance(1);
    expect(batches).toHaveLength(3);
  });

  it("keeps what comes until it is opened, and while it is suspended", async () => {
    const { sender, clock, batches } = setUp({}, false);
    sender.push(outgoing("a"));
    clock.advance(100);
    expect(batches).toEqual([]);
    sender.open();
    expect(batches).toEqual(["a"]);

    sender.pause();
    sender.suspend();
    sender.push(outgoing("b"));
    clock.advance(100_000);
    expect(batches).toEqual(["a"]);
    sender.open();
    await nextTurn();
    expect(batches).toEqual(["a", "b"]);
  });

  describe("flush", () => {
    it("sends at once, and resolves when the socket has it", async () => {
      const { sender, batches, takeAll } = setUp();
      sender.push(outgoing("a"));
      const flushed = tracked(sender.flush());
      expect(batches).toEqual(["a"]);
      await nextTurn();
      expect(flushed.isDone).toBe(false);

      takeAll();
      await flushed.promise;
    });

    it("waits for what the receiver is too slow for, and not for what comes later", async () => {
      const { sender, batches, takeAll } = setUp();
      sender.pause();
      sender.push(outgoing("a"));
      const flushed = tracked(sender.flush());
      sender.push(outgoing("b"));
      takeAll();
      await nextTurn();
      expect(flushed.isDone).toBe(false);

      sender.resume();
      takeAll();
      await flushed.promise;
      expect(batches).toEqual(["a b"]);
    });

    it("waits for what the socket has not taken yet, also when nothing waits any more", async () => {
      const { sender, clock, batches, takeAll } = setUp();
      sender.push(outgoing("a"));
      clock.advance(16);
      expect(batches).toEqual(["a"]);
      const flushed = tracked(sender.flush());
      await nextTurn();
      expect(flushed.isDone).toBe(false);

      takeAll();
      await flushed.promise;
    });

    it("resolves when nothing waits, and when the receiver is gone", async () => {
      const { sender, takeAll } = setUp();
      takeAll();
      await sender.flush();
      sender.pause();
      sender.push(outgoing("a"));
      const flushed = sender.flush();

      sender.close();
      await flushed;
      await sender.flush();
    });
  });

  describe("a receiver that is behind", () => {
    it("gets nothing until it is ready, and then the rest at once", async () => {
      const { sender, clock, batches } = setUp();
      sender.pause();
      sender.push(outgoing("x1", { key: "x" }));
      clock.advance(10);
      sender.push(outgoing("x2", { key: "x" }));
      expect(batches).toEqual([]);

      sender.resume();
      await nextTurn();
      expect(batches).toEqual(["x2"]);
    });

    it("is sent no more batches once it has paused in the middle", async () => {
      const { sender, clock, batches, onDeliver } = setUp({ window: { ms: 16, maxMessages: 2, maxBytes: 1_000 } });
      onDeliver.push(() => sender.pause());
      for (const text of ["a", "b", "c", "d", "e"]) sender.push(outgoing(text));
      await nextTurn();
      expect(batches).toEqual(["a b"]);

      onDeliver.length = 0;
      sender.resume();
      await nextTurn();
      expect(batches).toEqual(["a b", "c d", "e"]);
      clock.advance(100);
      expect(batches).toHaveLength(3);
    });

    it("has longer windows the more often it is behind, and shorter ones when it keeps up", async () => {
      const { sender, clock, batches } = setUp();
      const fallBehind = async (): Promise<number> => {
        sender.pause();
        clock.advance(1_000);
        sender.resume();
        await nextTurn();
        return sender.windowMs;
      };
      expect([await fallBehind(), await fallBehind(), await fallBehind(), await fallBehind()]).toEqual([
        32, 64, 128, 128,
      ]);

      sender.push(outgoing("a"));
      clock.advance(127);
      expect(batches).toEqual([]);
      clock.advance(1);
      expect(batches).toEqual(["a"]);
      expect(sender.windowMs).toBe(64);
      for (const text of ["b", "c", "d"]) {
        sender.push(outgoing(text));
        clock.advance(200);
      }
      expect(sender.windowMs).toBe(16);
    });

    it("is told of when it has taken nothing for too long, once, and not when it has", () => {
      const { sender, clock, stalls } = setUp({ stallTimeoutMs: 1_000 });
      sender.pause();
      clock.advance(900);
      sender.resume();
      sender.pause();
      clock.advance(900);
      expect(stalls()).toBe(0);
      clock.advance(99);
      expect(stalls()).toBe(0);

      clock.advance(1);
      expect(stalls()).toBe(1);
      clock.advance(10_000);
      expect(stalls()).toBe(1);
    });

    it("is not taken for stalled because this process stood still", () => {
      const { sender, clock, stalls, onSchedule } = setUp({ stallTimeoutMs: 1_000 });
      sender.pause();
      // The timer is late, and what the network has brought comes behind it.
      onSchedule.push((delayMs) => delayMs === 0 && sender.resume());
      clock.advance(5_000);

      expect(stalls()).toBe(0);
    });
  });

  it("keeps to the highest rate that the receiver wants", async () => {
    const { sender, clock, batches } = setUp({ maxRateHz: 10, window: { ms: 16, maxMessages: 2, maxBytes: 1_000 } });
    sender.push(outgoing("a"));
    clock.advance(16);
    expect(batches).toEqual(["a"]);
    for (const text of ["b", "c", "d"]) sender.push(outgoing(text));
    await nextTurn();
    clock.advance(99);
    expect(batches).toEqual(["a"]);

    clock.advance(1);
    expect(batches).toEqual(["a", "b c", "d"]);
  });

  it("says when there is no room, and takes nothing more once it is closed", () => {
    const { sender, overflows, batches, clock } = setUp({
      outbox: { maxMessages: 1, maxBytes: 1_000, policy: "close" },
    });
    expect(sender.push(outgoing("a"))).toBe(true);
    expect(sender.push(outgoing("b"))).toBe(false);
    expect(overflows()).toBe(1);

    expect(sender.close()).toBe(1);
    expect(sender.push(outgoing("c"))).toBe(false);
    clock.advance(100);
    expect(batches).toEqual([]);
    expect(clock.taskCount).toBe(0);
  });

  it("counts what the socket had not taken when it is closed", () => {
    const { sender, clock } = setUp();
    sender.push(outgoing("taken"));
    clock.advance(16);
    sender.push(outgoing("not taken"));
    clock.advance(16);
    sender.pause();
    sender.push(outgoing("waiting"));

    expect(sender.close()).toBe(2);
  });

  it("tells the receipt of a message that it was sent, when the socket has it", async () => {
    const { sender, clock, takeAll } = setUp();
    const outcomes: SendOutcome[] = [];
    const message: OutgoingMessage = outgoing("a");
    message.receipt = { settle: (outcome) => outcomes.push(outcome) };
    sender.push(message);
    clock.advance(16);
    await nextTurn();
    expect(outcomes).toEqual([]);

    takeAll();
    await nextTurn();
    expect(outcomes).toEqual(["sent"]);
  });

  it("counts what it has sent", async () => {
    const { sender } = setUp({ window: { ms: 16, maxMessages: 2, maxBytes: 1_000 } });
    for (const text of ["a", "b", "c"]) sender.push(outgoing(text));
    // Enough for a batch does not wait for the window.
    await nextTurn();

    expect(sender.sent).toMatchObject({ messages: 3, batches: 2 });
    expect(sender.sent.bytes).toBeGreaterThan(20);
  });
});

function setUp(options: Partial<BatchSenderOptions> = {}, isOpen = true) {
  const clock = new TestClock();
  const batches: string[] = [];
  const onDeliver: (() => void)[] = [];
  const onSchedule: ((delayMs: number) => unknown)[] = [];
  let drained = Promise.withResolvers<void>();
  let [stalls, overflows] = [0, 0];
  const watchedClock = {
    nowMs: () => clock.nowMs(),
    unixNanos: () => clock.unixNanos(),
    schedule: (delayMs: number, task: () => void) => {
      for (const react of onSchedule) react(delayMs);
      return clock.schedule(delayMs, task);
    },
  };
  const sender = new BatchSender({
    outlet: {
      deliver(message) {
        batches.push(textOfBatch(message));
        for (const react of onDeliver) react();
      },
      drained: () => drained.promise,
      onOverflow: () => overflows++,
      onStalled: () => stalls++,
    },
    window: { ms: 16, maxMessages: 128, maxBytes: 100_000 },
    outbox: { maxMessages: 1_000, maxBytes: 100_000, policy: "close" },
    maxRateHz: Number.POSITIVE_INFINITY,
    stallTimeoutMs: 100_000,
    scheduler: new WindowScheduler(watchedClock),
    encoder: new BatchEncoder(watchedClock),
    encodeEndOfReplay: () => new Uint8Array(0),
    clock: watchedClock,
    ...options,
  });
  if (isOpen) sender.open();
  return {
    sender,
    clock,
    batches,
    onDeliver,
    onSchedule,
    stalls: () => stalls,
    overflows: () => overflows,
    /** The socket has taken everything. */
    takeAll() {
      drained.resolve();
      drained = Promise.withResolvers();
      drained.resolve();
    },
  };
}

function textOfBatch(message: Uint8Array): string {
  const entries = readBatch(message, 1_000)?.entries ?? [];
  return entries.map(([one]) => new TextDecoder().decode(one?.payload)).join(" ");
}

function tracked(promise: Promise<void>): { readonly promise: Promise<void>; isDone: boolean } {
  const result = { promise, isDone: false };
  void promise.then(() => {
    result.isDone = true;
  });
  return result;
}
