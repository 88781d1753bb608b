import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";
import { grpcFrame, RawHttp2 } from "../testing/raw-http2.js";
import { settleUntil } from "../testing/settle-until.js";

const { streamAudio } = services.microphone.method;
const path = "/resonite_io.v1.Microphone/StreamAudio";

function bytesOf(samples: Iterable<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(samples).buffer);
}

/** A message with these samples as it stands on the wire. */
function frameOf(samples: Iterable<number>): Buffer {
  return grpcFrame(toBinary(streamAudio.input, create(streamAudio.input, { samples: bytesOf(samples) })));
}

/** What is in the ring, oldest first, without taking it out. */
function ringOf({ engine }: OpenMod): readonly number[] {
  const { samples, start, length } = engine.state.microphone;
  return Array.from({ length }, (_, index) => samples[(start + index) % samples.length] ?? Number.NaN);
}

function endsOf({ engine }: OpenMod): readonly string[] {
  return engine.journal.changes("microphoneEnded").map(({ reason }) => reason);
}

/** Resolves when the ring has that many samples. */
function heard(test: OpenMod, length: number): Promise<void> {
  return settleUntil(test.clock, () => test.engine.state.microphone.length === length);
}

describe("microphone", () => {
  it("answers three frames of 4, 8 and 16 samples with a summary of 3 frames and 28 samples", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(streamAudio);
    const all: number[] = [];
    for (const [index, length] of [4, 8, 16].entries()) {
      const samples = Array.from({ length }, (_, sample) => (index + 1) / 4 + sample / 64);
      call.send({ frameId: BigInt(index), unixNanos: BigInt(index), sampleCount: length, samples: bytesOf(samples) });
      all.push(...samples);
    }
    call.halfClose();

    const { receivedFrames, receivedSamples, droppedFrames, unixNanos } = await call.response;
    expect([receivedFrames, receivedSamples, droppedFrames]).toEqual([3n, 28n, 0n]);
    expect(unixNanos).toBe(test.clock.unixNanos());
    expect(ringOf(test)).toEqual(all);
    expect(endsOf(test)).toEqual(["graceful"]);
  });

  it("answers a stream without a frame with a summary of zeros", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(streamAudio);
    call.halfClose();
    expect(await call.response).toMatchObject({ receivedFrames: 0n, receivedSamples: 0n, droppedFrames: 0n });
    expect(endsOf(test)).toEqual(["graceful"]);
  });

  it("counts empty frames, which add no sound", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(streamAudio);
    call.send({ sampleCount: 480 });
    call.send({});
    call.halfClose();
    expect(await call.response).toMatchObject({ receivedFrames: 2n, receivedSamples: 0n });
    expect(ringOf(test)).toEqual([]);
  });

  it.each([1, 2, 3])("discards %d bytes that are left over at the end of a frame", async (extra) => {
    await using test = await openMod();
    const call = test.raw.clientStream(streamAudio);
    call.send({ samples: Buffer.concat([bytesOf([0.5, -0.5]), Buffer.alloc(extra, 0x7f)]) });
    call.send({ samples: bytesOf([0.25]) });
    call.halfClose();
    expect(await call.response).toMatchObject({ receivedFrames: 2n, receivedSamples: 3n });
    expect(ringOf(test)).toEqual([0.5, -0.5, 0.25]);
  });

  it("ignores the sample count, the frame ids and the times of the caller", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(streamAudio);
    call.send({ frameId: 9n, unixNanos: 5n, sampleCount: 0xffffffff, samples: bytesOf([0.5]) });
    call.send({ frameId: 9n, unixNanos: -5n, sampleCount: 0, samples: bytesOf([0.25]) });
    call.send({ frameId: 2n, samples: bytesOf([0.125]) });
    call.halfClose();
    expect(await call.response).toMatchObject({ receivedFrames: 3n, receivedSamples: 3n });
    expect(ringOf(test)).toEqual([0.5, 0.25, 0.125]);
  });

  it("starts its counters anew with each call", async () => {
    await using test = await openMod();
    for (let round = 0; round < 2; round++) {
      const call = test.raw.clientStream(streamAudio);
      call.send({ samples: bytesOf([1]) });
      call.halfClose();
      expect(await call.response).toMatchObject({ receivedFrames: 1n, receivedSamples: 1n });
    }
    expect(ringOf(test)).toEqual([1, 1]);
    expect(endsOf(test)).toEqual(["graceful", "graceful"]);
  });

  it("loses the oldest sound beyond two seconds without telling", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(streamAudio);
    for (let second = 0; second < 3; second++) call.send({ samples: bytesOf(new Float32Array(48_000).fill(second)) });
    call.halfClose();
    expect(await call.response).toMatchObject({ receivedSamples: 144_000n, droppedFrames: 0n });
    expect(new Set(ringOf(test))).toEqual(new Set([1, 2]));
    expect(test.engine.state.microphone).toMatchObject({ length: 96_000, droppedSamples: 48_000 });
  });

  it("takes five seconds of sound in 234 frames of 1024 samples as they come", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(streamAudio);
    const samples = bytesOf(new Float32Array(1024));
    for (let frame = 0; frame < 234; frame++) {
      call.send({ samples });
      if (frame % 10 === 0) await test.clock.advance(213);
    }
    call.halfClose();
    expect(await call.response).toMatchObject({ receivedFrames: 234n, receivedSamples: 239_616n, droppedFrames: 0n });
  });

  it("plays out what was spoken after the caller has closed", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(streamAudio);
    call.send({ samples: bytesOf(new Float32Array(1000).fill(0.5)) });
    call.halfClose();
    await call.response;
    await test.clock.advance(10);
    expect(ringOf(test)).toHaveLength(520);
    await test.clock.advance(20);
    expect(ringOf(test)).toHaveLength(0);
  });

  it("keeps what was spoken until a world is focused", async () => {
    await using test = await openMod({ scenario: { openWorlds: [] } });
    const call = test.raw.clientStream(streamAudio);
    call.send({ samples: bytesOf([1, 2, 3]) });
    call.halfClose();
    await call.response;
    await test.clock.advance(1000);
    expect(ringOf(test)).toEqual([1, 2, 3]);
  });

  it("is heard in the speaker, on both sides, as loud as it was spoken but not beyond the limits", async () => {
    await using test = await openMod({ scenario: { openWorlds: [{ name: "Silent Room" }] } });
    const spoken = [0.5, -0.25, 3, -3, Number.NaN, Number.POSITIVE_INFINITY, 0.125];
    const call = test.raw.clientStream(streamAudio);
    call.send({ samples: bytesOf(spoken) });
    call.halfClose();
    await call.response;
    await test.clock.advance(60);

    const stream = test.raw.serverStream(services.speaker.method.streamAudio, {});
    const heard: number[][] = [];
    for await (const { samples } of stream) {
      const view = new DataView(samples.buffer, samples.byteOffset, samples.byteLength);
      for (let offset = 0; offset < view.byteLength; offset += 8) {
        heard.push([view.getFloat32(offset, true), view.getFloat32(offset + 4, true)]);
      }
      if (heard.length === 2048) break;
    }
    const expected = [0.5, -0.25, 1, -1, 0, 1, 0.125].map((sample) => [sample, sample]);
    expect(heard.slice(0, 7)).toEqual(expected);
    // Once, and then silence.
    expect(heard.slice(7)).toEqual(Array.from({ length: 2041 }, () => [0, 0]));
  });

  it("is cleared at once when the caller cancels over the socket", async () => {
    await using test = await openMod();
    using client = new RawHttp2(test.mod.socketPath);
    const { stream, cancel } = client.request(path);
    stream.write(frameOf([1, 2, 3]));
    await heard(test, 3);
    cancel();
    await test.engine.until(({ journal }) => journal.calls("microphone.streamAudio").length === 1);
    expect(ringOf(test)).toEqual([]);
    expect(endsOf(test)).toEqual(["cancelled"]);
  });

  it("is cleared at once when the caller cancels in process", async () => {
    await using test = await openMod();
    const client = createClient(services.microphone, test.mod.transport());
    const aborting = new AbortController();
    const never = Promise.withResolvers<void>();
    async function* speak(): AsyncGenerator<{ samples: Uint8Array }> {
      yield { samples: bytesOf([1, 2, 3]) };
      await never.promise;
    }
    const call = client.streamAudio(speak(), { signal: aborting.signal });
    const failed = expect(call).rejects.toThrow();
    await heard(test, 3);
    aborting.abort();
    await failed;
    await test.engine.until(({ journal }) => journal.calls("microphone.streamAudio").length === 1);
    expect(ringOf(test)).toEqual([]);
    expect(endsOf(test)).toEqual(["cancelled"]);
  });

  it("is played out after a half-close in process", async () => {
    await using test = await openMod();
    const client = createClient(services.microphone, test.mod.transport());
    async function* speak(): AsyncGenerator<{ samples: Uint8Array }> {
      yield { samples: bytesOf([1, 2, 3]) };
    }
    expect(await client.streamAudio(speak())).toMatchObject({ receivedFrames: 1n, receivedSamples: 3n });
    expect(ringOf(test)).toEqual([1, 2, 3]);
    expect(endsOf(test)).toEqual(["graceful"]);
  });

  it("is cleared when the caller's deadline passes", async () => {
    await using test = await openMod();
    using client = new RawHttp2(test.mod.socketPath);
    const { stream, answer } = client.request(path, { "grpc-timeout": "30m" });
    stream.write(frameOf([0]));
    expect((await answer).headers["grpc-status"]).toBe("4");
    await test.engine.until(({ journal }) => journal.calls("microphone.streamAudio").length === 1);
    expect(ringOf(test)).toEqual([]);
    expect(endsOf(test)).toEqual(["cancelled"]);
  });

  it("is cleared when the connection is lost", async () => {
    await using test = await openMod();
    const client = new RawHttp2(test.mod.socketPath);
    client.request(path).stream.write(frameOf([0]));
    await heard(test, 1);
    client[Symbol.dispose]();
    await test.engine.until(({ journal }) => journal.calls("microphone.streamAudio").length === 1);
    expect(ringOf(test)).toEqual([]);
    expect(endsOf(test)).toEqual(["cancelled"]);
  });

  it("is cleared when a frame cannot be parsed", async () => {
    await using test = await openMod();
    using client = new RawHttp2(test.mod.socketPath);
    const { stream, answer } = client.request(path);
    stream.write(frameOf([0]));
    await heard(test, 1);
    stream.write(grpcFrame(Uint8Array.from([0x22, 0x7f])));
    expect((await answer).headers["grpc-status"]).toBe("13");
    expect(ringOf(test)).toEqual([]);
    expect(endsOf(test)).toEqual(["errored"]);
  });

  it("takes the frames of parallel calls in the order in which they come, and a cancel of one clears all", async () => {
    await using test = await openMod();
    using client = new RawHttp2(test.mod.socketPath);
    const [first, second] = [client.request(path), test.raw.clientStream(streamAudio)];
    first.stream.write(frameOf([1]));
    await heard(test, 1);
    second.send({ samples: bytesOf([2]) });
    await heard(test, 2);
    first.stream.write(frameOf([3]));
    await heard(test, 3);
    expect(ringOf(test)).toEqual([1, 2, 3]);

    first.cancel();
    await heard(test, 0);
    second.send({ samples: bytesOf([4]) });
    second.halfClose();
    expect(await second.response).toMatchObject({ receivedFrames: 2n });
    expect(ringOf(test)).toEqual([4]);
    expect(endsOf(test)).toEqual(["cancelled", "graceful"]);
  });

  it("fails with UNAVAILABLE without its bridge, before a frame is read, and tells nobody of an end", async () => {
    await using test = await openMod({ faults: { absentBridges: ["microphone"] } });
    const call = test.raw.clientStream(streamAudio);
    call.send({ samples: bytesOf([1]) });
    expect(await statusOf(call.response)).toEqual({
      code: "UNAVAILABLE",
      details: "Microphone bridge is not configured.",
    });
    expect(ringOf(test)).toEqual([]);
    expect(endsOf(test)).toEqual([]);
  });

  it("fails with INTERNAL when its bridge throws, and the ring is cleared", async () => {
    await using test = await openMod();
    const good = test.raw.clientStream(streamAudio);
    good.send({ samples: bytesOf([1]) });
    good.halfClose();
    await good.response;

    test.mod.faults.set({ throwingBridges: ["microphone"] });
    const bad = test.raw.clientStream(streamAudio);
    bad.send({ samples: bytesOf([2]) });
    expect(await statusOf(bad.response)).toEqual({
      code: "INTERNAL",
      details: "Microphone stream faulted: injected bridge fault",
    });
    expect(ringOf(test)).toEqual([]);
    expect(endsOf(test)).toEqual(["graceful", "errored"]);
  });

  it("passes on that the bridge is not ready", async () => {
    const error = { rpc: "microphone.streamAudio", call: 1, code: "failed_precondition", message: "not yet" } as const;
    await using test = await openMod({ faults: { errors: [error] } });
    expect(await statusOf(test.raw.clientStream(streamAudio).response)).toEqual({
      code: "FAILED_PRECONDITION",
      details: "not yet",
    });
  });

  it("takes what it gets while the engine is starting", async () => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    const call = test.raw.clientStream(streamAudio);
    call.send({ samples: bytesOf([1]) });
    call.halfClose();
    expect(await call.response).toMatchObject({ receivedFrames: 1n });
  });
});
