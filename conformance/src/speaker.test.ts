import { Code, deinterleave, Resonite, type SpeakerChunk } from "@resoio/core";
import { createVirtualClock, type ScenarioInput } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { settleUntil } from "./testing/settle-until.js";
import { skipUnlessCarried } from "./testing/skip-unless-carried.js";
import { codeOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";
import { withGrowingTime } from "./testing/with-growing-time.js";

/** How long a chunk of 1024 samples sounds. */
const chunkMs = (1024 / 48_000) * 1000;

/** A world without a sound of its own. */
const silence = { display: { width: 16, height: 16 }, places: {}, openWorlds: [{ name: "Silence" }] };

/** Reads so many chunks and leaves. */
async function take(stream: AsyncIterable<SpeakerChunk>, count: number): Promise<SpeakerChunk[]> {
  const chunks: SpeakerChunk[] = [];
  for await (const chunk of stream) if (chunks.push(chunk) === count) break;
  return chunks;
}

function idsOf(chunks: readonly SpeakerChunk[]): readonly bigint[] {
  return chunks.map(({ frameId }) => frameId);
}

describe.each(transports)("speaker over $name", (transport) => {
  const { open } = transport;
  it("gives chunks with their number, time and samples of both channels", async () => {
    const clock = createVirtualClock();
    const startNanos = clock.unixNanos();
    await using test = await open({ scenario: silence, clock });
    const [first, second] = await whileTimePasses(clock, take(test.resonite.speaker.stream(), 2));
    expect(first).toEqual({
      samples: new Float32Array(2048),
      sampleCount: 1024,
      // The mod mixes every 10 ms and hands a chunk over as soon as it is full.
      unixNanos: startNanos + 30_000_000n,
      frameId: 0n,
      missedFrames: 0,
      gap: undefined,
    });
    expect(second).toMatchObject({ frameId: 1n, unixNanos: startNanos + 50_000_000n });
  });

  it("carries samples bit by bit, left and right by turns", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    const voice = Float32Array.from({ length: 480 }, (_, index) => (index - 240) / 300);
    async function* speech(): AsyncGenerator<Float32Array> {
      yield voice;
    }
    await test.resonite.microphone.stream(speech());
    const [chunk] = await whileTimePasses(clock, take(test.resonite.speaker.stream(), 1));
    const { left, right } = deinterleave(chunk?.samples ?? new Float32Array(0));
    expect(left.subarray(0, 480)).toEqual(voice);
    expect(right).toEqual(left);
  });

  it("tells left from right", async () => {
    const clock = createVirtualClock();
    const room = { width: 10, depth: 10, height: 4, floor: [90, 90, 90], walls: [90, 90, 90] } as const;
    const sound = { frequencyHz: 440, position: { x: -3, y: 1.5, z: -4 }, volume: 1 };
    const scenario = { ...silence, places: { Silence: { room, sound } } } satisfies ScenarioInput;
    await using test = await open({ scenario, clock });
    const [chunk] = await whileTimePasses(clock, take(test.resonite.speaker.stream(), 1));
    const { left, right } = deinterleave(chunk?.samples ?? new Float32Array(0));
    expect(Math.max(...left)).toBeGreaterThan(2 * Math.max(...right));
  });

  it("loses nothing to a loop that keeps up", async (context) => {
    skipUnlessCarried(context, transport, "bulk");
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    const chunks = await whileTimePasses(clock, take(test.resonite.speaker.stream(), 200));
    expect(idsOf(chunks)).toEqual(Array.from({ length: 200 }, (_, index) => BigInt(index)));
    expect(chunks.every(({ missedFrames }) => missedFrames === 0)).toBe(true);
  });

  it("begins with the 32 chunks that the mod kept, and tells how many it dropped since", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    await clock.advance(40 * chunkMs + 10);
    const chunks = await whileTimePasses(clock, take(test.resonite.speaker.stream(), 34));
    expect(idsOf(chunks).slice(0, 32)).toEqual(Array.from({ length: 32 }, (_, index) => BigInt(index)));
    const [jump, next] = chunks.slice(32);
    expect(jump?.frameId).toBeGreaterThanOrEqual(40n);
    expect(jump?.missedFrames).toBe(Number(jump?.frameId) - 32);
    expect(next?.missedFrames).toBe(0);
  });

  it("does not count from 0 in each call, as the mod does not", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    await whileTimePasses(clock, take(test.resonite.speaker.stream(), 3));
    const [chunk] = await whileTimePasses(clock, take(test.resonite.speaker.stream(), 1));
    expect(chunk?.frameId).toBeGreaterThanOrEqual(3n);
    expect(chunk?.missedFrames).toBe(0);
  });

  it("gives all streams of a program every chunk, over one call", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    const { speaker } = test.resonite;
    const [one, other] = await whileTimePasses(
      clock,
      Promise.all([take(speaker.stream(), 10), take(speaker.stream(), 10)]),
    );
    expect(idsOf(one)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
    expect(idsOf(other)).toEqual(idsOf(one));
    await settleUntil(clock, () => test.mod.engine.journal.calls("speaker.streamAudio").length > 0);
    expect(test.mod.engine.journal.calls("speaker.streamAudio")).toHaveLength(1);
  });

  it("shares the chunks between programs, each of which tells what it missed", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    await using other = new Resonite(test.mod.transport());
    const chunks = await whileTimePasses(
      clock,
      Promise.all([take(test.resonite.speaker.stream(), 10), take(other.speaker.stream(), 10)]),
    );
    const ids = chunks.flatMap(idsOf);
    expect(new Set(ids).size).toBe(20);
    for (const [first, ...rest] of chunks) {
      const missed = rest.reduce((sum, { missedFrames }) => sum + missedFrames, 0);
      const last = rest.at(-1);
      expect(BigInt(missed)).toBe((last?.frameId ?? 0n) - (first?.frameId ?? 0n) - 9n);
    }
  });

  it("waits while the engine starts, and then begins", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, faults: { bootMs: 2000 }, clock });
    const startNanos = clock.unixNanos();
    await using stream = test.resonite.speaker.stream();
    expect((await whileTimePasses(clock, stream.next())).done).toBe(false);
    expect(clock.unixNanos() - startNanos).toBeGreaterThanOrEqual(2_000_000_000n);
  });

  it("is cancelled in the mod when the loop is left", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    await whileTimePasses(clock, take(test.resonite.speaker.stream(), 1));
    await settleUntil(clock, () => test.mod.engine.journal.calls("speaker.streamAudio").length === 1);
    expect(test.mod.engine.journal.calls("speaker.streamAudio")[0]?.status).toBe("Canceled");
  });

  it("fails with Canceled when its signal is aborted while it waits", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    const aborting = new AbortController();
    const stream = test.resonite.speaker.stream({ signal: aborting.signal });
    await whileTimePasses(clock, stream.next());
    // Time stands still, so no further chunk can come.
    while (test.mod.engine.state.speaker.queue.length > 0) await stream.next();
    const waiting = codeOf(drained(stream));
    aborting.abort();
    expect(await waiting).toBe(Code.Canceled);
    await settleUntil(clock, () => test.mod.engine.journal.calls("speaker.streamAudio").length === 1);
  });

  it("fails with DeadlineExceeded when its time is over", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    await withGrowingTime(30, async (timeoutMs) => {
      expect(await codeOf(drained(test.resonite.speaker.stream({ timeoutMs })))).toBe(Code.DeadlineExceeded);
      return test.mod.engine.journal.calls("speaker.streamAudio").length > 0;
    });
  });

  it("ends without an error when the game quits, after what the mod still had", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: silence, clock });
    await clock.advance(5 * chunkMs + 10);
    await test.resonite.lifecycle.shutdown();
    const chunks: SpeakerChunk[] = [];
    const reading = (async () => {
      for await (const chunk of test.resonite.speaker.stream()) chunks.push(chunk);
    })();
    await settleUntil(clock, () => chunks.length === 5);
    await whileTimePasses(clock, reading);
    expect(idsOf(chunks)).toEqual([0n, 1n, 2n, 3n, 4n]);
    expect(test.mod.engine.journal.calls("speaker.streamAudio")[0]?.status).toBe("ok");
  });

  it("fails with the status of a mod that breaks off, after what came before", async () => {
    const clock = createVirtualClock();
    await using test = await open({
      scenario: silence,
      clock,
      faults: { cuts: [{ rpc: "speaker.streamAudio", afterMessages: 3 }] },
    });
    const stream = test.resonite.speaker.stream();
    for (const frameId of [0n, 1n, 2n]) {
      expect((await whileTimePasses(clock, stream.next())).value).toMatchObject({ frameId });
    }
    expect(await codeOf(whileTimePasses(clock, stream.next()))).toBe(Code.Unavailable);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

/** Reads to the end. */
async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
