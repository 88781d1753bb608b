import { Code, InvalidOptionsError, Resonite } from "@resoio/core";
import { createVirtualClock, type Engine } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { openCallsOf } from "./testing/open-calls-of.js";
import { settleUntil } from "./testing/settle-until.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { withGrowingTime } from "./testing/with-growing-time.js";

const scenario = { display: { width: 16, height: 16 } };

/** What is in the mod's ring, oldest first. */
function ringOf({ state }: Engine): readonly number[] {
  const { samples, start, length } = state.microphone;
  return Array.from({ length }, (_, index) => samples[(start + index) % samples.length] ?? Number.NaN);
}

function endsOf({ journal }: Engine): readonly string[] {
  return journal.changes("microphoneEnded").map(({ reason }) => reason);
}

async function* soundOf(...chunks: readonly Float32Array[]): AsyncGenerator<Float32Array> {
  yield* chunks;
}

/** Gives one chunk and then never another. Tells when it was closed. */
function endless(chunk: Float32Array) {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let given = false;
  const source: AsyncIterable<Float32Array> = {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (given) return new Promise(() => {});
        given = true;
        return Promise.resolve({ done: false, value: chunk });
      },
      return() {
        resolve();
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return { source, closed };
}

describe.each(transports)("microphone over $name", ({ open }) => {
  it("sends each chunk as a frame and returns the mod's summary", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const chunks = [4, 8, 16].map((length, index) =>
      Float32Array.from({ length }, (_, sample) => (index + 1) / 4 - sample / 64),
    );
    expect(await test.resonite.microphone.stream(soundOf(...chunks))).toEqual({
      receivedFrames: 3n,
      receivedSamples: 28n,
      droppedFrames: 0n,
      unixNanos: clock.unixNanos(),
    });
    expect(ringOf(test.mod.engine)).toEqual(chunks.flatMap((chunk) => [...chunk]));
    expect(endsOf(test.mod.engine)).toEqual(["graceful"]);
  });

  it("changes no bit of a sample", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const samples = Float32Array.of(0.1, -1, 1, -0, 1.5, 2 ** -149, -3.4e38, Infinity, Number.NaN);
    await test.resonite.microphone.stream(soundOf(samples));
    expect(ringOf(test.mod.engine)).toEqual([...samples]);
  });

  it("sends only the part of a buffer that a chunk is a view of, wherever it begins", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const buffer = Float32Array.from({ length: 64 }, (_, index) => index);
    await test.resonite.microphone.stream(soundOf(buffer.subarray(3, 6), buffer.subarray(63)));
    expect(ringOf(test.mod.engine)).toEqual([3, 4, 5, 63]);
  });

  it("answers silence with a summary of zeros", async () => {
    await using test = await open({ scenario });
    expect(await test.resonite.microphone.stream(soundOf())).toMatchObject({
      receivedFrames: 0n,
      receivedSamples: 0n,
      droppedFrames: 0n,
    });
    expect(endsOf(test.mod.engine)).toEqual(["graceful"]);
  });

  it("counts chunks without a sample", async () => {
    await using test = await open({ scenario });
    const empty = new Float32Array(0);
    expect(await test.resonite.microphone.stream(soundOf(empty, new Float32Array(480), empty))).toMatchObject({
      receivedFrames: 3n,
      receivedSamples: 480n,
    });
  });

  it("takes a ReadableStream as well", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const source = new ReadableStream<Float32Array>({
      start(controller) {
        controller.enqueue(Float32Array.of(0.5));
        controller.enqueue(Float32Array.of(0.25));
        controller.close();
      },
    });
    expect(await test.resonite.microphone.stream(source)).toMatchObject({ receivedFrames: 2n });
    expect(ringOf(test.mod.engine)).toEqual([0.5, 0.25]);
  });

  it("delivers five seconds in 234 chunks without a drop", async () => {
    await using test = await open({ scenario });
    const chunks = Array.from({ length: 234 }, () => new Float32Array(1024).fill(0.1));
    expect(await test.resonite.microphone.stream(soundOf(...chunks))).toMatchObject({
      receivedFrames: 234n,
      receivedSamples: 239_616n,
      droppedFrames: 0n,
    });
  });

  it("delivers a chunk of two megabytes, of which the mod keeps the last two seconds", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const samples = Float32Array.from({ length: 500_000 }, (_, index) => index);
    expect(await test.resonite.microphone.stream(soundOf(samples))).toMatchObject({
      receivedSamples: 500_000n,
      droppedFrames: 0n,
    });
    const ring = ringOf(test.mod.engine);
    expect([ring.length, ring[0], ring.at(-1)]).toEqual([96_000, 404_000, 499_999]);
  });

  it("sends while the source goes on, not at its end", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const heard = Promise.withResolvers<void>();
    async function* source(): AsyncGenerator<Float32Array> {
      yield Float32Array.of(0.5);
      await heard.promise;
      yield Float32Array.of(0.25);
    }
    const call = test.resonite.microphone.stream(source());
    await settleUntil(clock, () => ringOf(engine).length === 1);
    heard.resolve();
    expect(await call).toMatchObject({ receivedFrames: 2n });
  });

  it("does not read the source faster than the mod takes the sound", async () => {
    await using test = await open({ scenario, faults: { hangs: ["microphone.streamAudio"] } });
    const chunk = new Float32Array(250_000);
    let read = 0;
    async function* source(): AsyncGenerator<Float32Array> {
      for (; read < 200; read++) yield chunk;
    }
    const aborting = new AbortController();
    const call = codeOf(test.resonite.microphone.stream(source(), { signal: aborting.signal }));
    // What is on its way arrives before the answer to a ping that is sent later.
    for (let before = -1; before !== read; ) {
      before = read;
      for (let count = 0; count < 10; count++) await test.resonite.connection.ping();
    }
    expect(read).toBeLessThan(100);
    aborting.abort();
    expect(await call).toBe(Code.Canceled);
  });

  it("is played out after the source has ended", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    await test.resonite.microphone.stream(soundOf(new Float32Array(4800).fill(0.5)));
    expect(ringOf(test.mod.engine)).toHaveLength(4800);
    await clock.advance(50);
    expect(ringOf(test.mod.engine)).toHaveLength(2400);
    await clock.advance(60);
    expect(ringOf(test.mod.engine)).toEqual([]);
  });

  it("falls silent at once when it is cancelled, and closes the source", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const aborting = new AbortController();
    const { source, closed } = endless(new Float32Array(480));
    const call = codeOf(test.resonite.microphone.stream(source, { signal: aborting.signal }));
    await settleUntil(clock, () => ringOf(engine).length === 480);
    aborting.abort();
    expect(await call).toBe(Code.Canceled);
    await closed;
    await engine.until(() => endsOf(engine).length === 1);
    expect(endsOf(engine)).toEqual(["cancelled"]);
    expect(ringOf(engine)).toEqual([]);
  });

  it("falls silent at its deadline, and closes the source", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    await withGrowingTime(100, async (timeoutMs) => {
      const { source, closed } = endless(new Float32Array(480));
      let isOver = false;
      const call = codeOf(test.resonite.microphone.stream(source, { timeoutMs })).finally(() => {
        isOver = true;
      });
      await settleUntil(clock, () => isOver || ringOf(engine).length > 0);
      const wasHeard = !isOver;
      expect(await call).toBe(Code.DeadlineExceeded);
      await closed;
      return wasHeard;
    });
    await settleUntil(clock, () => openCallsOf(test.mod) === 0 && ringOf(engine).length === 0);
    expect(new Set(endsOf(engine))).toEqual(new Set(["cancelled"]));
  });

  it("throws what the source throws and falls silent", async () => {
    await using test = await open({ scenario });
    const { engine } = test.mod;
    const unplugged = new Error("unplugged");
    async function* source(): AsyncGenerator<Float32Array> {
      yield new Float32Array(480);
      // Answered behind what was sent before it, so the mod has the sound.
      await test.resonite.connection.ping();
      throw unplugged;
    }
    await expect(test.resonite.microphone.stream(source())).rejects.toBe(unplugged);
    await engine.until(() => endsOf(engine).length === 1);
    expect(endsOf(engine)).toEqual(["cancelled"]);
  });

  it("throws for a chunk that is no sound and falls silent", async () => {
    await using test = await open({ scenario });
    const { engine } = test.mod;
    async function* source(): AsyncGenerator<Float32Array | string> {
      yield new Float32Array(480);
      await test.resonite.connection.ping();
      yield "la la la";
    }
    // @ts-expect-error A chunk is a Float32Array.
    await expect(test.resonite.microphone.stream(source())).rejects.toBeInstanceOf(InvalidOptionsError);
    await engine.until(() => endsOf(engine).length === 1);
    expect(endsOf(engine)).toEqual(["cancelled"]);
  });

  it("has one ring for all callers, which any of them empties by cancelling", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const other = new Resonite(test.mod.transport());
    await other.microphone.stream(soundOf(Float32Array.of(0.5)));
    await test.resonite.microphone.stream(soundOf(Float32Array.of(0.25)));
    expect(ringOf(engine)).toEqual([0.5, 0.25]);

    const aborting = new AbortController();
    const { source } = endless(Float32Array.of(0.125));
    const call = codeOf(test.resonite.microphone.stream(source, { signal: aborting.signal }));
    await settleUntil(clock, () => ringOf(engine).length === 3);
    aborting.abort();
    expect(await call).toBe(Code.Canceled);
    await engine.until(() => endsOf(engine).length === 3);
    expect(ringOf(engine)).toEqual([]);
  });

  it("counts anew in each call", async () => {
    await using test = await open({ scenario });
    for (const _ of [1, 2]) {
      expect(await test.resonite.microphone.stream(soundOf(Float32Array.of(1)))).toMatchObject({
        receivedFrames: 1n,
        receivedSamples: 1n,
      });
    }
  });

  it("fails with Unavailable without a bridge, before the source has ended, and closes the source", async () => {
    await using test = await open({ scenario, faults: { absentBridges: ["microphone"] } });
    const { source, closed } = endless(new Float32Array(480));
    expect(await statusOf(test.resonite.microphone.stream(source))).toBe(
      "Unavailable: Microphone bridge is not configured.",
    );
    await closed;
    expect(endsOf(test.mod.engine)).toEqual([]);
  });

  it("fails with Internal when the bridge throws, which silences what there was", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    await test.resonite.microphone.stream(soundOf(new Float32Array(480)));
    test.mod.faults.set({ throwingBridges: ["microphone"] });
    const { source, closed } = endless(new Float32Array(480));
    expect(await codeOf(test.resonite.microphone.stream(source))).toBe(Code.Internal);
    await closed;
    expect(endsOf(test.mod.engine)).toEqual(["graceful", "errored"]);
    expect(ringOf(test.mod.engine)).toEqual([]);
  });

  it("fails with Unavailable when the mod goes away in the middle, and closes the source", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { source, closed } = endless(new Float32Array(480));
    const call = codeOf(test.resonite.microphone.stream(source));
    await settleUntil(clock, () => ringOf(test.mod.engine).length === 480);
    await test.mod.close();
    expect(await call).toBe(Code.Unavailable);
    await closed;
  });
});
