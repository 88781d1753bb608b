import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { collect } from "../testing/collect.js";
import type { AudioSource } from "./audio-source.js";
import { paced } from "./paced.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

describe("paced", () => {
  it("yields the chunks themselves, in order", async () => {
    const chunks = [Float32Array.of(1), Float32Array.of(2, 3)];
    const collected = collect(paced(sourceOf(chunks)));
    await vi.runAllTimersAsync();

    const received = await collected;

    expect(received).toHaveLength(2);
    expect(received.every((chunk, i) => chunk === chunks[i])).toBe(true);
  });

  it("waits after each chunk for as long as it sounds, also after the last", async () => {
    const { times, end } = clocked(paced(chunksOf(48_000, 24_000, 12_000)));
    await vi.runAllTimersAsync();

    expect(times).toEqual([0, 1_000, 1_500]);
    expect(await end).toBe(1_750);
  });

  it("takes the sample rate that it is given", async () => {
    const { times, end } = clocked(paced(chunksOf(8_000, 4_000), { sampleRateHz: 16_000 }));
    await vi.runAllTimersAsync();

    expect(times).toEqual([0, 500]);
    expect(await end).toBe(750);
  });

  it("ends at once without a chunk, and waits for no empty one", async () => {
    expect(await collect(paced(chunksOf()))).toEqual([]);
    expect(await collect(paced(chunksOf(0, 0, 0)))).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not drift: 1000 chunks of 21.333 ms take 21.334 seconds", async () => {
    const lengths = Array.from({ length: 1_000 }, () => 1_024);
    const { times, end } = clocked(paced(chunksOf(...lengths)));
    await vi.runAllTimersAsync();

    expect(times[1]).toBe(22);
    expect(times[999]).toBe(Math.ceil((999 * 1_024) / 48));
    expect(await end).toBe(Math.ceil((1_000 * 1_024) / 48));
  });

  it("takes the time that the source needs off the wait, and lets it catch up", async () => {
    const { times, end } = clocked(paced(slowSource([0, 60, 250, 0, 0, 0, 0], 4_800)));
    await vi.runAllTimersAsync();

    // Due every 100 ms: the second is asked for at 100, the third at 200 and comes at 450.
    expect(times).toEqual([0, 160, 450, 450, 450, 500, 600]);
    expect(await end).toBe(700);
  });

  it("starts the schedule anew after more than a second, because a burst would be lost", async () => {
    const { times } = clocked(paced(slowSource([0, 1_500, 0, 0], 4_800)));
    await vi.runAllTimersAsync();

    expect(times).toEqual([0, 1_600, 1_700, 1_800]);
  });

  it("wakes up again when a wait is longer than timers can be", async () => {
    const days = 30 * 24 * 3_600_000;
    const { end } = clocked(paced(chunksOf(1), { sampleRateHz: 1_000 / days }));
    await vi.runAllTimersAsync();

    expect(await end).toBe(days);
  });

  it("reads a ReadableStream", async () => {
    const stream = new ReadableStream<Float32Array>({
      start(controller) {
        for (const length of [4_800, 4_800]) controller.enqueue(new Float32Array(length));
        controller.close();
      },
    });
    const { times, end } = clocked(paced(stream));
    await vi.runAllTimersAsync();

    expect(times).toEqual([0, 100]);
    expect(await end).toBe(200);
  });

  it.each([0, -48_000, Number.NaN, Infinity])("throws at once for a sampleRateHz of %d", (sampleRateHz) => {
    expect(() => paced(chunksOf(), { sampleRateHz })).toThrow(InvalidOptionsError);
  });

  it("throws at once for a source that cannot be read", () => {
    expect(() => paced(untyped<AudioSource>([new Float32Array(1)]))).toThrow(InvalidOptionsError);
  });

  it("fails for a chunk that is not a Float32Array, and closes the source", async () => {
    const source = recordedSource([untyped<Float32Array>(new Uint8Array(4))]);

    await expect(paced(source.chunks).next()).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(source.closed()).toBe(true);
  });

  it("fails with what the source throws", async () => {
    const error = new Error("no such file");
    const chunks = paced(
      (async function* () {
        yield new Float32Array(0);
        throw error;
      })(),
    );
    await chunks.next();

    await expect(chunks.next()).rejects.toBe(error);
  });
});

describe("leaving the loop", () => {
  it("closes the source and leaves no timer behind", async () => {
    const source = recordedSource([new Float32Array(48_000), new Float32Array(48_000)]);

    for await (const _ of paced(source.chunks)) break;

    expect(source.closed()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends a wait at once", async () => {
    const source = recordedSource([new Float32Array(48_000), new Float32Array(48_000)]);
    const chunks = paced(source.chunks);
    await chunks.next();
    const waiting = chunks.next();
    await Promise.resolve();
    expect(vi.getTimerCount()).toBe(1);

    await chunks.return?.();

    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
    expect(vi.getTimerCount()).toBe(0);
    expect(source.closed()).toBe(true);
  });
});

describe("the signal", () => {
  it("ends a wait at once with its reason, and closes the source", async () => {
    const source = recordedSource([new Float32Array(48_000), new Float32Array(48_000)]);
    const controller = new AbortController();
    const chunks = paced(source.chunks, { signal: controller.signal });
    await chunks.next();
    const waiting = chunks.next();
    const reason = new Error("enough");

    controller.abort(reason);

    await expect(waiting).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    expect(source.closed()).toBe(true);
  });

  it("ends a read of a source that is silent", async () => {
    const controller = new AbortController();
    const stream = new ReadableStream<Float32Array>();
    const waiting = paced(stream, { signal: controller.signal }).next();
    const reason = new Error("enough");

    controller.abort(reason);

    await expect(waiting).rejects.toBe(reason);
  });

  it("that is aborted already lets nothing out, and the source is closed", async () => {
    const reason = new Error("enough");
    const source = recordedSource([new Float32Array(1)]);

    await expect(paced(source.chunks, { signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
    expect(source.closed()).toBe(true);
  });

  it("is let go of at the end, after which it changes nothing", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const chunks = paced(chunksOf(0), { signal });
    await chunks.next();
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await chunks.next();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);

    controller.abort();

    expect(await chunks.next()).toEqual({ done: true, value: undefined });
  });

  it("is let go of when the loop is left", async () => {
    const { signal } = new AbortController();

    for await (const _ of paced(chunksOf(1, 1), { signal })) break;

    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

/** Reads everything, and says on the fake clock when each chunk came and when the end did. */
function clocked(chunks: AsyncIterable<Float32Array>) {
  const startMs = performance.now();
  const times: number[] = [];
  async function read(): Promise<number> {
    for await (const _ of chunks) times.push(performance.now() - startMs);
    return performance.now() - startMs;
  }
  return { times, end: read() };
}

async function* sourceOf(chunks: readonly Float32Array[]): AsyncGenerator<Float32Array> {
  yield* chunks;
}

function chunksOf(...lengths: readonly number[]): AsyncGenerator<Float32Array> {
  return sourceOf(lengths.map((length) => new Float32Array(length)));
}

/** Chunks of one length, each after so many milliseconds of work. */
async function* slowSource(delaysMs: readonly number[], length: number): AsyncGenerator<Float32Array> {
  for (const delayMs of delaysMs) {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    yield new Float32Array(length);
  }
}

function recordedSource(chunks: readonly Float32Array[]) {
  let isClosed = false;
  const left = chunks.values();
  const iterator: AsyncIterator<Float32Array> = {
    next: async () => left.next(),
    async return() {
      isClosed = true;
      return { done: true, value: undefined };
    },
  };
  const source: AsyncIterable<Float32Array> = { [Symbol.asyncIterator]: () => iterator };
  return { chunks: source, closed: () => isClosed };
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
