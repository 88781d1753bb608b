import { InvalidOptionsError } from "@resoio/core";
import { MalformedRecordingError, openRecording, type RecordingSource } from "@resoio/recording";
import { describe, expect, it } from "vitest";
import { createMockMod } from "../create-mock-mod.js";
import { createRandom } from "../engine/random.js";
import { makeRun, RecordingMaker } from "../testing/make-recording.js";
import { idsOf, listen, type OpenPlayed, openPlayed, watch } from "../testing/open-played.js";
import { settleUntil } from "../testing/settle-until.js";

/** Lets time pass until all has been handed over, and to those who wait. */
async function pass({ clock, playback }: OpenPlayed, ms: number): Promise<void> {
  await clock.advance(ms);
  await playback.settled();
  for (let turns = 0; turns < 10; turns++) await clock.advance(0);
}

/** What a client sees from here on: the picture, the answer, and what comes in the next second, with the time that it takes. */
async function sightOf(played: OpenPlayed): Promise<unknown> {
  await using camera = watch(played);
  await using speaker = listen(played);
  const startMs = played.clock.nowMs();
  const { positionMs } = played.playback;
  const world = (await played.resonite.world.getCurrent())?.name;
  await pass(played, 0);
  for (let ms = 0; ms < 1_000; ms += 25) await pass(played, 25);
  const timed = (seen: readonly { readonly atMs: number; readonly message: { readonly frameId: bigint } }[]) =>
    seen.map(({ atMs, message }) => [atMs - startMs, Number(message.frameId)]);
  return { positionMs, world, pictures: timed(camera.seen), sounds: timed(speaker.seen) };
}

describe("seek", () => {
  const random = createRandom(5);
  const places = Array.from({ length: 12 }, () => [random(), random()].map((part) => Math.round(part * 7_000) + 20));

  it.each(places)("from %d ms to %d ms is like fresh play to there", async (fromMs = 0, toMs = 0) => {
    const run = await makeRun(9).reader();
    await using sought = await openPlayed(run, { play: { start: "at-once" } });
    await pass(sought, fromMs);
    await sought.playback.seekMs(toMs);

    await using fresh = await openPlayed(run, { play: { start: "at-once" } });
    await using heard = listen(fresh);
    await pass(fresh, toMs);
    // What came until then was for somebody else.
    await heard[Symbol.asyncDispose]();

    await using begun = await openPlayed(run, { play: { fromMs: toMs } });
    const sight = await sightOf(sought);
    expect(sight).toMatchObject({ positionMs: toMs, world: `World ${Math.floor(toMs / 1_000)}` });
    expect(await sightOf(fresh)).toEqual(sight);
    expect(await sightOf(begun)).toEqual(sight);
  });

  it("stays paused when it was, and goes on when it was not", async () => {
    await using played = await openPlayed(makeRun(5), { play: { start: "at-once" } });
    await played.playback.seekMs(3_000);
    expect(played.playback.state).toBe("playing");
    await pass(played, 250);
    expect(played.playback.positionMs).toBe(3_250);
    played.playback.pause();
    await played.playback.seekMs(1_000);
    await pass(played, 5_000);
    expect(played.playback.positionMs).toBe(1_000);
  });

  it("ends at the ends", async () => {
    await using played = await openPlayed(makeRun(2));
    played.playback.pause();
    await played.playback.seekMs(99_999);
    expect(played.playback.positionMs).toBe(2_000);
    await played.playback.seekMs(-5);
    expect(played.playback.positionMs).toBe(0);
    await expect(played.playback.seekMs(Number.NaN)).rejects.toThrow(InvalidOptionsError);
  });

  it("brings streams along that are open", async () => {
    await using played = await openPlayed(makeRun(5), { play: { start: "at-once" } });
    await using camera = watch(played);
    await using speaker = listen(played);
    for (let ms = 0; ms < 3_000; ms += 50) await pass(played, 50);
    camera.seen.splice(0);
    speaker.seen.splice(0);
    await played.playback.seekMs(1_020);
    for (let ms = 0; ms < 200; ms += 10) await pass(played, 10);
    expect(idsOf(camera.seen)).toEqual([10, 11, 12]);
    expect(idsOf(speaker.seen)).toEqual([10, 11]);
  });
});

describe("pause", () => {
  it("holds time, pictures, sounds and answers, and play goes on from there", async () => {
    await using played = await openPlayed(makeRun(5), { play: { start: "at-once" } });
    await using camera = watch(played);
    await using speaker = listen(played);
    for (let ms = 0; ms < 1_240; ms += 20) await pass(played, 20);
    played.playback.pause();
    expect([camera.seen.splice(0).length, speaker.seen.splice(0).length]).toEqual([13, 12]);
    await pass(played, 60_000);
    expect([camera.seen, speaker.seen]).toEqual([[], []]);
    expect(played.playback).toMatchObject({ state: "paused", positionMs: 1_240 });
    expect((await played.resonite.world.getCurrent())?.name).toBe("World 1");
    played.playback.play();
    for (let ms = 0; ms < 100; ms += 10) await pass(played, 10);
    expect([idsOf(camera.seen), idsOf(speaker.seen)]).toEqual([[13], [12]]);
    expect(camera.seen[0]?.atMs).toBe(61_300);
  });
});

describe("speed", () => {
  it.each([0.1, 0.5, 1, 3, 8])("%d changes the time between messages, and nothing else", async (speed) => {
    await using played = await openPlayed(makeRun(2), { play: { speed } });
    await using camera = watch(played);
    await using speaker = listen(played);
    await camera.take(1);
    for (let step = 1; step < 40; step++) {
      // To the nanosecond, which a third of a millisecond is not.
      await pass(played, (step * 50) / speed + 1e-6 - played.clock.nowMs());
      const frames = step % 2 === 0 ? camera : speaker;
      expect(idsOf(await frames.take(1))).toEqual([Math.floor(step / 2)]);
    }
    expect(played.playback.positionMs).toBeCloseTo(1_950, 4);
  });

  it("can be changed on the way", async () => {
    await using played = await openPlayed(makeRun(9), { play: { start: "at-once" } });
    await pass(played, 1_000);
    played.playback.speed = 4;
    await pass(played, 500);
    expect(played.playback).toMatchObject({ positionMs: 3_000, speed: 4 });
    played.playback.speed = 0.5;
    await pass(played, 500);
    expect(played.playback.positionMs).toBe(3_250);
  });

  it.each([0, 0.09, 8.1, -1, Number.NaN])("%d is refused", async (speed) => {
    const run = await makeRun(1).reader();
    expect(() => createMockMod({ play: { recording: run, speed } })).toThrow(InvalidOptionsError);
    await using played = await openPlayed(run);
    expect(() => {
      played.playback.speed = speed;
    }).toThrow(InvalidOptionsError);
    expect(played.playback.speed).toBe(1);
  });
});

describe("loop", () => {
  it("begins again at the start without losing time", async () => {
    await using played = await openPlayed(makeRun(3), { play: { loop: true } });
    await using camera = watch(played);
    for (let ms = 0; ms < 7_000; ms += 50) await pass(played, 50);
    expect(idsOf(camera.seen)).toEqual(Array.from({ length: 71 }, (_, index) => index % 30));
    expect(camera.seen.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 71 }, (_, index) => index * 100));
    expect(played.playback).toMatchObject({ state: "playing", positionMs: 1_000 });
    expect((await played.resonite.world.getCurrent())?.name).toBe("World 1");
  });

  it("begins again where the recording says, with the picture of that moment", async () => {
    const maker = makeRun(3);
    maker.recording.markLoopStart(1_020);
    await using played = await openPlayed(maker, { play: { loop: true } });
    await using camera = watch(played);
    for (let ms = 0; ms < 5_200; ms += 10) await pass(played, 10);
    const round = Array.from({ length: 20 }, (_, index) => index + 10);
    expect(idsOf(camera.seen)).toEqual([...Array.from({ length: 30 }, (_, index) => index), ...round, 10, 11, 12]);
    expect(camera.seen.slice(-3).map(({ atMs }) => atMs)).toEqual([4_980, 5_060, 5_160]);
  });

  it("can be changed on the way", async () => {
    await using played = await openPlayed(makeRun(1), { play: { loop: true, start: "at-once" } });
    await pass(played, 2_500);
    expect(played.playback.positionMs).toBe(500);
    played.playback.loop = false;
    await pass(played, 2_500);
    expect(played.playback).toMatchObject({ state: "ended", positionMs: 1_000, loop: false });
  });
});

describe("a recording begins", () => {
  const makeLate = () => {
    const maker = new RecordingMaker().at(30_000).open("camera.streamFrames").picture(1).at(31_000).picture(2);
    return maker.at(40_000);
  };

  it("with the first call, and where its own first call was made", async () => {
    await using played = await openPlayed(makeLate());
    await pass(played, 5_000);
    expect(played.playback.state).toBe("waiting");
    expect(played.playback.positionMs).toBeCloseTo(30_000, 5);
    await using camera = watch(played);
    await settleUntil(played.clock, () => played.playback.state === "playing");
    await pass(played, 1);
    expect(idsOf(await camera.take(1))).toEqual([1]);
    await pass(played, 998);
    expect(camera.seen).toEqual([]);
    await pass(played, 2);
    expect(idsOf(camera.seen)).toEqual([2]);
  });

  it("at once, and where it is told to, if it is told to", async () => {
    await using played = await openPlayed(makeLate(), { play: { start: "at-once", fromMs: 0 } });
    await pass(played, 5_000);
    expect(played.playback).toMatchObject({ state: "playing", positionMs: 5_000 });
  });

  it("when it is told to play, and not while it is told to pause", async () => {
    await using played = await openPlayed(makeRun(2));
    played.playback.pause();
    expect((await played.resonite.world.getCurrent())?.name).toBe("World 0");
    await pass(played, 1_000);
    expect(played.playback).toMatchObject({ state: "paused", positionMs: 0 });
    await using other = await openPlayed(makeRun(2));
    other.playback.play();
    await pass(other, 1_000);
    expect(other.playback).toMatchObject({ state: "playing", positionMs: 1_000 });
  });

  it("where a seek that is asked for at once wants it", async () => {
    await using played = await openPlayed(makeLate());
    await played.playback.seekMs(31_500);
    expect(played.playback).toMatchObject({ state: "waiting", positionMs: 31_500 });
    await using camera = watch(played);
    expect(idsOf(await camera.take(1))).toEqual([2]);
  });
});

it("tells when it has ended", async () => {
  await using played = await openPlayed(makeRun(1), { play: { start: "at-once" } });
  let hasEnded = false;
  void played.playback.ended.then(() => {
    hasEnded = true;
  });
  await pass(played, 999);
  expect(hasEnded).toBe(false);
  await pass(played, 1);
  expect(hasEnded).toBe(true);
  expect(played.playback).toMatchObject({ state: "ended", positionMs: 1_000, durationMs: 1_000 });
});

it("the place where it begins has to be in the recording", async () => {
  const run = await makeRun(2).reader();
  for (const fromMs of [-1, 2_001, Number.NaN]) {
    expect(() => createMockMod({ play: { recording: run, fromMs } })).toThrow(
      `a recording of 2000 ms can begin at 0 to 2000 ms, not at ${fromMs}`,
    );
  }
});

describe("the file of a recording", () => {
  it("is read as it is played, a chunk at a time", async () => {
    const bytes = await makeRun(300).bytes();
    const reads = { bytes: 0, largest: 0 };
    const reader = await openRecording(countedSource(bytes, reads));
    const overhead = reads.bytes;
    reads.largest = 0;
    await using played = await openPlayed(reader, { play: { start: "at-once" } });
    await using camera = watch(played);
    reads.bytes = 0;
    for (let ms = 0; ms < 3_000; ms += 50) await pass(played, 50);
    expect(camera.seen).toHaveLength(31);
    // A hundredth of it, its indexes, and a chunk or two more.
    expect(reads.bytes).toBeLessThan(bytes.byteLength / 25 + overhead);
    await played.playback.seekMs(250_000);
    await pass(played, 1_000);
    expect(reads.bytes).toBeLessThan(bytes.byteLength / 10 + overhead);
    expect(reads.largest).toBeLessThan(bytes.byteLength / 25);
  });

  it("that is damaged fails what needs it with DataLoss, and says so where its end is awaited", async () => {
    const bytes = (await makeRun(60).bytes()).slice();
    const place = Math.floor(bytes.byteLength * 0.4);
    bytes.fill(0xff, place, place + 50);
    const reader = await openRecording(countedSource(bytes, { bytes: 0, largest: 0 }));
    await using played = await openPlayed(reader);
    await using camera = watch(played);
    await camera.take(1);
    const failing = expect(played.playback.ended).rejects.toThrow(MalformedRecordingError);
    await pass(played, 60_000);
    await failing;
    expect(String(await camera.ended)).toMatch(/data_loss\] the recording cannot be read: .* recover: "always"/);
    await expect(played.resonite.world.getCurrent()).rejects.toThrow("data_loss");
    await expect(played.resonite.speaker.stream().next()).rejects.toThrow("data_loss");
  });
});

/** A recording in memory that tells how it is read. */
function countedSource(bytes: Uint8Array, reads: { bytes: number; largest: number }): RecordingSource {
  return {
    size: async () => BigInt(bytes.byteLength),
    async read(offset, length) {
      reads.bytes += Number(length);
      reads.largest = Math.max(reads.largest, Number(length));
      return bytes.subarray(Number(offset), Number(offset + length));
    },
  };
}
