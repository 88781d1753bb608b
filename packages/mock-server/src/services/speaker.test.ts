import { services } from "@resoio/core";
import type { AudioFrame } from "@resoio/core/gen/resonite_io/v1/speaker_pb";
import { describe, expect, it } from "vitest";
import type { FaultPlanInput } from "../faults/fault-plan.js";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";
import { settleUntil } from "../testing/settle-until.js";

const { streamAudio } = services.speaker.method;

/** A large hall with one tone at the height of the ears, to the right of somebody in the middle. */
const studio = {
  openWorlds: [{ name: "Studio" }],
  places: {
    Studio: {
      room: { width: 60, depth: 60, height: 4, floor: [0, 0, 0], walls: [0, 0, 0] },
      sound: { frequencyHz: 1000, position: { x: 8, y: 1.6, z: 0 }, volume: 0.8 },
    },
  },
} satisfies ScenarioInput;

/** Listens, without letting time pass. */
function listen(test: OpenMod): { readonly frames: AudioFrame[]; readonly ended: Promise<unknown>; cancel(): void } {
  const frames: AudioFrame[] = [];
  const stream = test.raw.serverStream(streamAudio, {});
  stream.on("data", (frame: AudioFrame) => frames.push(frame));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {});
  stream.on("end", resolve).on("error", reject);
  return { frames, ended: promise, cancel: () => stream.cancel() };
}

/** One channel of all frames. */
function channel(frames: readonly AudioFrame[], side: "left" | "right"): readonly number[] {
  return frames.flatMap(({ samples, sampleCount }) => {
    const view = new DataView(samples.buffer, samples.byteOffset);
    return Array.from({ length: sampleCount }, (_, index) =>
      view.getFloat32(index * 8 + (side === "right" ? 4 : 0), true),
    );
  });
}

function loudness(samples: readonly number[]): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** Puts the avatar somewhere and listens to ten frames. */
async function hearFrom(
  place: { readonly x: number; readonly z: number; readonly yawDegrees: number },
  scenario: ScenarioInput = studio,
): Promise<{ readonly left: readonly number[]; readonly right: readonly number[] }> {
  await using test = await openMod({ scenario });
  const { avatar } = test.engine.state;
  avatar.position = { x: place.x, y: 0, z: place.z };
  avatar.yawDegrees = place.yawDegrees;
  await test.clock.advance(250);
  const { frames } = listen(test);
  await settleUntil(test.clock, () => frames.length >= 10);
  return { left: channel(frames, "left"), right: channel(frames, "right") };
}

describe("speaker", () => {
  it("sends frames of 1024 samples for each channel as 32-bit floats, numbered from 0", async () => {
    await using test = await openMod();
    await test.clock.advance(100);
    const { frames } = listen(test);
    await settleUntil(test.clock, () => frames.length === 4);

    expect(frames.map(({ frameId }) => frameId)).toEqual([0n, 1n, 2n, 3n]);
    for (const { sampleCount, samples } of frames) {
      expect(sampleCount).toBe(1024);
      expect(samples.byteLength).toBe(1024 * 8);
    }
  });

  it("stamps each frame with the time at which it was handed over", async () => {
    await using test = await openMod();
    const start = test.clock.unixNanos();
    const { frames } = listen(test);
    await test.clock.advance(100);
    await settleUntil(test.clock, () => frames.length === 4);
    // The audio step in which 1024, 2048, 3072 and 4096 samples have passed.
    expect(frames.map(({ unixNanos }) => unixNanos - start)).toEqual([
      30_000_000n,
      50_000_000n,
      70_000_000n,
      90_000_000n,
    ]);
  });

  it("passes 48000 samples in a second", async () => {
    await using test = await openMod();
    const { frames } = listen(test);
    await test.clock.advance(10_000);
    await settleUntil(test.clock, () => frames.length === Math.floor((10 * 48_000) / 1024));
    expect(frames.at(-1)?.frameId).toBe(BigInt(frames.length - 1));
  });

  it("plays the tone of the focused world without a break between frames", async () => {
    const { right } = await hearFrom({ x: 0, z: 0, yawDegrees: 0 });
    const rising = right.filter((sample, index) => sample >= 0 && (right[index - 1] ?? 0) < 0).length;
    expect((rising * 48_000) / right.length).toBeCloseTo(1000, -1);
    // A sine never changes by more than this from one sample to the next.
    const steepest = Math.max(...right) * 2 * Math.PI * (1000 / 48_000) * 1.01;
    for (let index = 1; index < right.length; index++) {
      expect(Math.abs((right[index] ?? 0) - (right[index - 1] ?? 0))).toBeLessThanOrEqual(steepest);
    }
  });

  it("plays what is nearer louder, in proportion to the distance", async () => {
    const far = await hearFrom({ x: 0, z: 0, yawDegrees: 0 });
    const near = await hearFrom({ x: 6, z: 0, yawDegrees: 0 });
    expect(loudness(near.right) / loudness(far.right)).toBeCloseTo(4, 3);
    expect(Math.max(...far.right)).toBeCloseTo(0.8 / 8, 3);
  });

  it("plays no louder within one metre than at one metre", async () => {
    const beside = await hearFrom({ x: 7.5, z: 0, yawDegrees: 0 });
    expect(Math.max(...beside.right)).toBeCloseTo(0.8, 2);
  });

  it.each([
    { direction: "to the right", yawDegrees: 0, side: "right" },
    { direction: "to the left", yawDegrees: 180, side: "left" },
  ] as const)("plays a sound $direction on the $side", async ({ yawDegrees, side }) => {
    const heard = await hearFrom({ x: 0, z: 0, yawDegrees });
    const other = side === "left" ? heard.right : heard.left;
    expect(loudness(heard[side])).toBeGreaterThan(0.05);
    expect(loudness(other)).toBeLessThan(1e-6);
  });

  it.each([90, -90])("plays a sound ahead or behind (yaw %d) on both sides with the same power", async (yawDegrees) => {
    const aside = await hearFrom({ x: 0, z: 0, yawDegrees: 0 });
    const { left, right } = await hearFrom({ x: 0, z: 0, yawDegrees });
    expect(loudness(left)).toBeCloseTo(loudness(right), 6);
    expect(Math.hypot(loudness(left), loudness(right))).toBeCloseTo(loudness(aside.right), 6);
  });

  it("is silent at the normal rate in a world without a sound, and without a world", async () => {
    const quiet = { ...studio, places: { Studio: { room: studio.places.Studio.room } } };
    for (const scenario of [quiet, { openWorlds: [] }]) {
      const { left, right } = await hearFrom({ x: 0, z: 0, yawDegrees: 0 }, scenario);
      expect(left.length).toBe(11 * 1024);
      expect(loudness(left)).toBe(0);
      expect(loudness(right)).toBe(0);
    }
  });

  it("plays the sound of the world that the user goes to", async () => {
    await using test = await openMod({ scenario: { ...studio, openWorlds: [{ name: "Studio" }, { name: "Hall" }] } });
    const { frames } = listen(test);
    await test.clock.advance(100);
    await test.engine.worlds.leave(test.engine.worlds.byName("Studio").handle);
    await test.clock.advance(100);
    await settleUntil(test.clock, () => frames.length === 9);
    expect(loudness(channel(frames.slice(0, 4), "right"))).toBeGreaterThan(0.01);
    expect(loudness(channel(frames.slice(5), "right"))).toBe(0);
  });

  it("sends 32 old frames after a pause and then jumps to the present", async () => {
    await using test = await openMod();
    const start = test.clock.unixNanos();
    await test.clock.advance(10_000);
    const { frames } = listen(test);
    await settleUntil(test.clock, () => frames.length === 32);
    await test.clock.advance(30);
    await settleUntil(test.clock, () => frames.length === 33);

    expect(frames.slice(0, 32).map(({ frameId }) => Number(frameId))).toEqual(
      Array.from({ length: 32 }, (_, id) => id),
    );
    expect(frames[31]?.unixNanos).toBeLessThan(start + 1_000_000_000n);
    expect(frames[32]?.frameId).toBe(BigInt(Math.floor((10 * 48_000) / 1024)));
    expect(frames[32]?.unixNanos).toBeGreaterThan(start + 10_000_000_000n);
  });

  it("goes on counting and goes on with its queue when another caller listens", async () => {
    await using test = await openMod();
    await test.clock.advance(100);
    const first = listen(test);
    await settleUntil(test.clock, () => first.frames.length === 4);
    first.cancel();
    expect((await statusOf(first.ended)).code).toBe("CANCELLED");
    await settleUntil(test.clock, () => test.mod.openCalls === 0);

    await test.clock.advance(100);
    const second = listen(test);
    await settleUntil(test.clock, () => second.frames.length === 5);
    expect(second.frames.map(({ frameId }) => frameId)).toEqual([4n, 5n, 6n, 7n, 8n]);
  });

  it("gives each frame to exactly one of two callers", async () => {
    await using test = await openMod();
    const [first, second] = [listen(test), listen(test)];
    await settleUntil(test.clock, () => test.mod.openCalls === 2);
    await test.clock.advance(2000);
    await settleUntil(test.clock, () => first.frames.length + second.frames.length === 93);

    const ids = [...first.frames, ...second.frames].map(({ frameId }) => Number(frameId));
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 93 }, (_, id) => id));
    expect(first.frames.length).toBeGreaterThan(40);
    expect(second.frames.length).toBeGreaterThan(40);
  });

  it("a caller who waits and leaves takes no frame with them", async () => {
    await using test = await openMod();
    const first = listen(test);
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    first.cancel();
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
    await test.clock.advance(50);
    const second = listen(test);
    await settleUntil(test.clock, () => second.frames.length === 2);
    expect(second.frames[0]?.frameId).toBe(0n);
  });

  it("ends with OK after the queued frames when the sound is over", async () => {
    await using test = await openMod();
    await test.clock.advance(100);
    test.engine.speaker.complete();
    await test.clock.advance(1000);
    const late = listen(test);
    await late.ended;
    expect(late.frames.map(({ frameId }) => frameId)).toEqual([0n, 1n, 2n, 3n]);
  });

  it("ends with OK for a caller who waits when the sound is over", async () => {
    await using test = await openMod();
    const { frames, ended } = listen(test);
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    test.engine.speaker.complete();
    await ended;
    expect(frames).toEqual([]);
  });

  it("sends nothing while the engine is starting, and the frames of that time afterwards", async () => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    const { frames } = listen(test);
    await test.clock.advance(990);
    expect(frames).toEqual([]);
    await test.clock.advance(20);
    await settleUntil(test.clock, () => frames.length === 32);
    expect(frames[0]?.frameId).toBe(0n);
  });

  it.each<{ readonly faults: FaultPlanInput; readonly code: string; readonly details: string }>([
    { faults: { absentBridges: ["speaker"] }, code: "UNAVAILABLE", details: "Speaker bridge is not configured." },
    {
      faults: { throwingBridges: ["speaker"] },
      code: "INTERNAL",
      details: "Speaker bridge faulted: injected bridge fault",
    },
    {
      faults: { errors: [{ rpc: "speaker.streamAudio", call: 1, code: "failed_precondition", message: "not yet" }] },
      code: "FAILED_PRECONDITION",
      details: "not yet",
    },
  ])("fails with $code: $details", async ({ faults, code, details }) => {
    await using test = await openMod({ faults });
    expect(await statusOf(listen(test).ended)).toEqual({ code, details });
  });
});
