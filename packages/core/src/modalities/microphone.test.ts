import { getEventListeners } from "node:events";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { Microphone, type MicrophoneAudioFrame } from "../gen/resonite_io/v1/microphone_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { float32Bytes } from "./float32-bytes.js";
import { type AudioSource, MicrophoneClient, microphoneSampleRateHz } from "./microphone.js";

describe("stream", () => {
  it("sends three frames of 4, 8 and 16 samples, half-closes, and returns the summary as a plain object", async () => {
    const mod = recordingMod();

    const summary = await mod.microphone.stream(chunksOf(4, 8, 16));

    expect(summary).toStrictEqual({
      receivedFrames: 3n,
      receivedSamples: 28n,
      droppedFrames: 0n,
      unixNanos: 2n ** 62n,
    });
    expect(mod.log).toEqual(["frame", "frame", "frame", "half-closed"]);
  });

  it("numbers the frames 0 to 3 in the order in which they are sent", async () => {
    const mod = recordingMod();

    await mod.microphone.stream(chunksOf(1, 2, 3, 4));

    expect(mod.frames.map(({ frameId }) => frameId)).toEqual([0n, 1n, 2n, 3n]);
  });

  it("starts at 0 again with each call", async () => {
    const mod = recordingMod();

    await mod.microphone.stream(chunksOf(1));
    await mod.microphone.stream(chunksOf(1));

    expect(mod.frames.map(({ frameId }) => frameId)).toEqual([0n, 0n]);
  });

  it("counts the samples of each frame: 10, 512, 1, and none", async () => {
    const mod = recordingMod();

    await mod.microphone.stream(chunksOf(10, 512, 1, 0));

    expect(mod.frames.map(({ sampleCount }) => sampleCount)).toEqual([10, 512, 1, 0]);
    expect(mod.frames.map(({ samples }) => samples.byteLength)).toEqual([40, 2048, 4, 0]);
  });

  it("sends the floats unchanged, also those of a part of an array", async () => {
    const mod = recordingMod();
    const samples = Float32Array.of(9, 0, -0, 1, -1, 0.1, Number.MIN_VALUE, 2, Number.NaN, Infinity, 9).subarray(1, 10);

    await mod.microphone.stream(sourceOf([samples]));

    const [frame] = mod.frames;
    const view = new DataView(new Uint8Array(frame?.samples ?? []).buffer);
    const received = Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(i * 4, true));
    expect(received).toEqual([...samples]);
  });

  it("stamps each frame with the time, a multiple of 100", async () => {
    const mod = recordingMod();
    const before = BigInt(Date.now()) * 1_000_000n;

    await mod.microphone.stream(chunksOf(1, 1));

    const after = BigInt(Date.now()) * 1_000_000n;
    const times = mod.frames.map(({ unixNanos }) => unixNanos);
    expect(times).toHaveLength(2);
    expect(times.every((time) => time >= before && time <= after && time % 100n === 0n)).toBe(true);
  });

  it("sends nothing of an empty source, which is a call as well", async () => {
    const mod = recordingMod();

    expect(await mod.microphone.stream(chunksOf())).toMatchObject({ receivedFrames: 0n, receivedSamples: 0n });
    expect(mod.log).toEqual(["half-closed"]);
  });

  it("reads a ReadableStream to its end", async () => {
    const mod = recordingMod();
    const stream = new ReadableStream<Float32Array>({
      start(controller) {
        for (const length of [3, 5]) controller.enqueue(new Float32Array(length));
        controller.close();
      },
    });

    expect(await mod.microphone.stream(stream)).toMatchObject({ receivedFrames: 2n, receivedSamples: 8n });
    expect(mod.log).toContain("half-closed");
  });

  it("reads the source no faster than the transport takes frames", async () => {
    const gate = Promise.withResolvers<void>();
    const source = trackedSource([new Float32Array(1), new Float32Array(1), new Float32Array(1)]);
    const readsMeanwhile: number[] = [];
    const { microphone } = modWith({
      async streamAudio(frames) {
        for await (const _ of frames) {
          gate.resolve();
          await new Promise(setImmediate);
          readsMeanwhile.push(source.reads());
        }
        return {};
      },
    });

    await microphone.stream(source.chunks);

    expect(readsMeanwhile).toEqual([1, 2, 3]);
  });

  it("keeps the summary exact", async () => {
    const exact = { receivedFrames: 2n ** 53n + 1n, receivedSamples: 2n ** 63n - 1n, droppedFrames: 1n, unixNanos: 3n };
    const { microphone } = modWith({ streamAudio: async () => exact });

    expect(await microphone.stream(chunksOf())).toStrictEqual(exact);
  });

  it("passes headers on", async () => {
    const mod = recordingMod();

    await mod.microphone.stream(chunksOf(), { headers: { "x-trace": "42" } });

    expect(mod.contexts[0]?.requestHeader.get("x-trace")).toBe("42");
  });

  it.each([Code.Unavailable, Code.FailedPrecondition, Code.Internal])(
    "passes the mod's failure through unchanged and closes the source (code %i)",
    async (code) => {
      const source = trackedSource([new Float32Array(1)], "waits");
      const { microphone } = modWith({
        async streamAudio(frames) {
          for await (const _ of frames) throw new ConnectError("from the mod", code);
          return {};
        },
      });

      const failure = microphone.stream(source.chunks);

      await expect(failure).rejects.toBeInstanceOf(ConnectError);
      await expect(failure).rejects.toMatchObject({ code, rawMessage: "from the mod" });
      expect(source.closeCount()).toBe(1);
    },
  );

  it("closes the source when the mod answers before its end", async () => {
    const source = trackedSource([new Float32Array(1)], "waits");
    const { microphone } = modWith({ streamAudio: async () => ({ receivedFrames: 7n }) });

    expect(await microphone.stream(source.chunks)).toMatchObject({ receivedFrames: 7n });
    expect(source.closeCount()).toBe(1);
  });

  it("does not close a source that has ended by itself", async () => {
    const source = trackedSource([new Float32Array(1)]);

    await recordingMod().microphone.stream(source.chunks);

    expect(source.closeCount()).toBe(0);
  });
});

describe("a source that fails", () => {
  it.each<[string, unknown]>([
    ["a Float64Array", new Float64Array(4)],
    ["an Int16Array", new Int16Array(4)],
    ["bytes", new Uint8Array(4)],
    ["an array of numbers", [0, 0.5]],
    ["nothing", undefined],
    ["null", null],
    ["an object without a prototype", Object.create(null)],
  ])("with %s in place of a chunk cancels the call, and is closed", async (_, chunk) => {
    const mod = recordingMod();
    const source = trackedSource([new Float32Array(1), untyped<Float32Array>(chunk)], "waits");

    const failure = mod.microphone.stream(source.chunks);

    await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(failure).rejects.toMatchObject({ message: expect.stringContaining("Float32Array") });
    expect(mod.contexts[0]?.signal.aborted).toBe(true);
    await mod.ended;
    expect(mod.log).toEqual(["frame", "cancelled"]);
    expect(source.closeCount()).toBe(1);
  });

  it("by an exception cancels the call, and the caller gets the exception itself", async () => {
    const mod = recordingMod();
    const error = new Error("the recorder was unplugged");

    const failure = mod.microphone.stream(
      (async function* () {
        yield new Float32Array(1);
        throw error;
      })(),
    );

    await expect(failure).rejects.toBe(error);
    expect(mod.contexts[0]?.signal.aborted).toBe(true);
    await mod.ended;
    expect(mod.log).toEqual(["frame", "cancelled"]);
  });

  it("is not hidden by a mod that answers all the same", async () => {
    const error = new Error("the recorder was unplugged");
    const { microphone } = modWith({
      async streamAudio(frames) {
        try {
          for await (const _ of frames);
        } catch {
          // As if the sound had just ended.
        }
        return {};
      },
    });

    const failure = microphone.stream(
      (async function* () {
        yield new Float32Array(1);
        throw error;
      })(),
    );

    await expect(failure).rejects.toBe(error);
  });

  it.each<[string, unknown]>([
    ["an array", [new Float32Array(1)]],
    ["a chunk", new Float32Array(1)],
    ["undefined", undefined],
    ["null", null],
  ])("because it is %s calls nothing", async (_, source) => {
    const mod = recordingMod();

    await expect(mod.microphone.stream(untyped<AudioSource>(source))).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(mod.contexts).toHaveLength(0);
  });

  it("because it is a locked stream calls nothing", async () => {
    const mod = recordingMod();
    const stream = new ReadableStream<Float32Array>();
    stream.getReader();

    await expect(mod.microphone.stream(stream)).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(mod.contexts).toHaveLength(0);
  });
});

describe("the caller's signal", () => {
  it("cancels the call instead of ending it in good order, and closes the source that is waiting", async () => {
    const mod = recordingMod();
    const source = trackedSource([new Float32Array(1)], "waits");
    const caller = new AbortController();
    const failure = mod.microphone.stream(source.chunks, { signal: caller.signal });
    await mod.received;

    caller.abort();

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({ code: Code.Canceled });
    await mod.ended;
    expect(mod.log).toEqual(["frame", "cancelled"]);
    expect(source.closeCount()).toBe(1);
  });

  it("cancels a ReadableStream that is waiting", async () => {
    const mod = recordingMod();
    const cancelled = Promise.withResolvers<void>();
    const stream = new ReadableStream<Float32Array>({
      start: (controller) => controller.enqueue(new Float32Array(1)),
      cancel: () => cancelled.resolve(),
    });
    const caller = new AbortController();
    const failure = mod.microphone.stream(stream, { signal: caller.signal });
    await mod.received;

    caller.abort();

    await expect(failure).rejects.toMatchObject({ code: Code.Canceled });
    await cancelled.promise;
    await mod.ended;
    expect(mod.log).toEqual(["frame", "cancelled"]);
  });

  it("that is aborted already lets nothing be sent, and the source is closed", async () => {
    const mod = recordingMod();
    const source = trackedSource([new Float32Array(1)]);

    const failure = mod.microphone.stream(source.chunks, { signal: AbortSignal.abort() });

    await expect(failure).rejects.toMatchObject({ code: Code.Canceled });
    expect(mod.frames).toEqual([]);
    expect(source.closeCount()).toBe(1);
  });

  it("does not wait for a source that cannot be closed while it waits, nor care how it closes", async () => {
    const mod = recordingMod();
    const caller = new AbortController();
    const chunks: AsyncIterable<Float32Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: new Float32Array(1) }),
        return: () => Promise.reject(new Error("cannot be closed")),
      }),
    };
    const failure = mod.microphone.stream(chunks, { signal: caller.signal });
    await mod.received;

    caller.abort();

    await expect(failure).rejects.toMatchObject({ code: Code.Canceled });
  });

  it("is let go of at the end", async () => {
    const { signal } = new AbortController();
    const listeners: number[] = [];
    const { microphone } = modWith({
      async streamAudio() {
        listeners.push(getEventListeners(signal, "abort").length);
        return {};
      },
    });

    await microphone.stream(chunksOf(), { signal });

    expect([...listeners, getEventListeners(signal, "abort").length]).toEqual([1, 0]);
  });
});

describe("float32Bytes", () => {
  const samples = Float32Array.of(9, 1, -2, 0.5).subarray(1);
  const littleEndian = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f];

  it("copies nothing on a little-endian machine", () => {
    const bytes = float32Bytes(samples, true);

    expect(bytes.buffer).toBe(samples.buffer);
    expect([...bytes]).toEqual(littleEndian);
  });

  it("turns the bytes around on a big-endian machine", () => {
    expect([...float32Bytes(samples, false)]).toEqual(littleEndian);
  });
});

it("says the rate of the microphone", () => {
  expect(microphoneSampleRateHz).toBe(48_000);
});

function modWith(handlers: Partial<ServiceImpl<typeof Microphone>>) {
  return { microphone: new MicrophoneClient(fakeMod(Microphone, handlers).transport) };
}

/** A mod that writes down what it gets and counts as the real one does: samples by their bytes. */
function recordingMod() {
  const frames: MicrophoneAudioFrame[] = [];
  const contexts: HandlerContext[] = [];
  const log: string[] = [];
  const received = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const { microphone } = modWith({
    async streamAudio(messages, context) {
      contexts.push(context);
      let receivedFrames = 0n;
      let receivedSamples = 0n;
      try {
        for await (const frame of messages) {
          frames.push(frame);
          receivedFrames++;
          receivedSamples += BigInt(Math.floor(frame.samples.byteLength / 4));
          log.push("frame");
          received.resolve();
        }
      } catch (error) {
        log.push("cancelled");
        ended.resolve();
        throw error;
      }
      log.push("half-closed");
      ended.resolve();
      return { receivedFrames, receivedSamples, droppedFrames: 0n, unixNanos: 2n ** 62n };
    },
  });
  return { microphone, frames, contexts, log, received: received.promise, ended: ended.promise };
}

async function* sourceOf(chunks: readonly Float32Array[]): AsyncGenerator<Float32Array> {
  yield* chunks;
}

function chunksOf(...lengths: readonly number[]): AsyncGenerator<Float32Array> {
  return sourceOf(lengths.map((length) => new Float32Array(length)));
}

/** A source that counts how often it is read and closed. In the end it ends, or waits until it is closed. */
function trackedSource(chunks: readonly Float32Array[], end: "ends" | "waits" = "ends") {
  let reads = 0;
  let closeCount = 0;
  const closed = Promise.withResolvers<IteratorResult<Float32Array>>();
  const iterator: AsyncIterator<Float32Array> = {
    async next() {
      const index = reads++;
      if (index < chunks.length) return { done: false, value: untyped<Float32Array>(chunks[index]) };
      return end === "ends" ? { done: true, value: undefined } : await closed.promise;
    },
    async return() {
      closeCount++;
      const result = { done: true as const, value: undefined };
      closed.resolve(result);
      return result;
    },
  };
  const source: AsyncIterable<Float32Array> = { [Symbol.asyncIterator]: () => iterator };
  return { chunks: source, reads: () => reads, closeCount: () => closeCount };
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
