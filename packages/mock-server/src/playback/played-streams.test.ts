import { Code, ConnectError } from "@connectrpc/connect";
import { rpcs } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { startMockServer } from "../start-mock-server.js";
import { makeRun, RecordingMaker } from "../testing/make-recording.js";
import { idsOf, listen, type OpenPlayed, openPlayed, watch } from "../testing/open-played.js";
import { grpcFrame, RawHttp2 } from "../testing/raw-http2.js";
import { settleUntil } from "../testing/settle-until.js";

/** Lets time pass until all has been handed over, and to those who wait. */
async function pass({ clock, playback }: OpenPlayed, ms: number): Promise<void> {
  await clock.advance(ms);
  await playback.settled();
  // What was handed over is on its way.
  for (let turns = 0; turns < 10; turns++) await clock.advance(0);
}

describe("the camera of a recording", () => {
  it("gives every picture at its time, as it was, also its number and its time of capture", async () => {
    await using played = await openPlayed(makeRun(2));
    await using camera = watch(played);
    for (let index = 0; index < 20; index++) {
      const [seen, ...more] = await camera.take(1);
      expect(more).toEqual([]);
      expect(seen?.atMs).toBe(index * 100);
      expect(seen?.message).toMatchObject({
        frameId: BigInt(index),
        unixNanos: 1_750_000_000_000_000_000n + BigInt(index) * 100_000_000n,
        pixels: new Uint8Array(8).fill(index),
      });
      await pass(played, 100);
    }
  });

  it("sends the bytes that were recorded", async () => {
    const [head, tail] = [Uint8Array.of(0x08, 0x81, 0x80, 0x00, 0x10, 0x01), Uint8Array.of(0x32, 0x04, 1, 2, 3, 4)];
    const bytes = Buffer.concat([head, tail]);
    const maker = new RecordingMaker().open("camera.streamFrames").response("camera.streamFrames", bytes);
    await using mod = await startMockServer({ play: { recording: await maker.at(1_000).reader(), atEnd: "close" } });
    using client = new RawHttp2(mod.socketPath);
    const { stream, answer } = client.request(rpcs["camera.streamFrames"].path);
    stream.end(grpcFrame(new Uint8Array(0)));
    expect((await answer).body).toEqual(grpcFrame(bytes));
  });

  it("gives each picture to one of two readers", async () => {
    await using played = await openPlayed(makeRun(3));
    await using one = watch(played);
    await one.take(1);
    await using other = watch(played);
    for (let index = 1; index < 30; index++) await pass(played, 100);
    const ids = [idsOf(one.seen), idsOf(other.seen)];
    expect(Math.abs((ids[0]?.length ?? 0) - (ids[1]?.length ?? 0))).toBeLessThanOrEqual(1);
    expect(ids.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 29 }, (_, index) => index + 1));
  });

  it("gives the newest picture to a reader who comes late, and skips the others", async () => {
    await using played = await openPlayed(makeRun(3), { play: { start: "at-once" } });
    await pass(played, 1_250);
    await using camera = watch(played);
    expect(idsOf(await camera.take(1))).toEqual([12]);
    await pass(played, 100);
    expect(idsOf(await camera.take(1))).toEqual([13]);
  });

  it("gives no more pictures a second than are wanted", async () => {
    await using played = await openPlayed(makeRun(3));
    // One in 416.7 ms.
    await using camera = watch(played, 2.4);
    for (let ms = 0; ms < 2_000; ms += 20) await pass(played, 20);
    expect(idsOf(camera.seen)).toEqual([0, 4, 8, 12, 16]);
  });

  it("shows everybody who comes the picture of the moment while time stands still, and no other", async () => {
    await using played = await openPlayed(makeRun(3));
    played.playback.pause();
    await played.playback.seekMs(1_234);
    for (let reader = 0; reader < 3; reader++) {
      await using camera = watch(played);
      expect(idsOf(await camera.take(1))).toEqual([12]);
      await pass(played, 1_000);
      expect(camera.seen).toEqual([]);
    }
    await using camera = watch(played);
    await camera.take(1);
    played.playback.play();
    await pass(played, 66);
    expect(idsOf(camera.seen)).toEqual([13]);
  });

  it("holds a picture for the next reader when time stops", async () => {
    await using played = await openPlayed(makeRun(3), { play: { start: "at-once" } });
    await pass(played, 500);
    played.playback.pause();
    await using camera = watch(played);
    expect(idsOf(await camera.take(1))).toEqual([5]);
    played.playback.play();
    await pass(played, 100);
    // The one that everybody has seen comes once.
    expect(idsOf(camera.seen)).toEqual([6]);
  });
});

describe("the speaker of a recording", () => {
  it("gives every sound at its time, as it was", async () => {
    await using played = await openPlayed(makeRun(2));
    await using speaker = listen(played);
    for (let index = 0; index < 20; index++) {
      await pass(played, index === 0 ? 50 : 100);
      const [seen, ...more] = await speaker.take(1);
      expect(more).toEqual([]);
      expect(seen).toMatchObject({ atMs: 50 + index * 100, message: { frameId: BigInt(index), sampleCount: 1 } });
      expect(seen?.message.samples).toEqual(new Uint8Array(8).fill(index));
    }
  });

  it("keeps the 32 oldest sounds for whoever comes, and drops those that are new", async () => {
    await using played = await openPlayed(makeRun(6), { play: { start: "at-once" } });
    await pass(played, 5_000);
    await using speaker = listen(played);
    expect(idsOf(await speaker.take(32))).toEqual(Array.from({ length: 32 }, (_, index) => index));
    await pass(played, 50);
    expect(idsOf(await speaker.take(1))).toEqual([50]);
  });

  it("gives each sound to one of two readers", async () => {
    await using played = await openPlayed(makeRun(3));
    await using one = listen(played);
    await using other = listen(played);
    for (let ms = 0; ms < 3_000; ms += 50) await pass(played, 50);
    expect(Math.abs(one.seen.length - other.seen.length)).toBeLessThanOrEqual(1);
    expect([...idsOf(one.seen), ...idsOf(other.seen)].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, index) => index),
    );
  });
});

describe("streams at the end of a recording", () => {
  it("stay open and silent, and go on when the recording does", async () => {
    await using played = await openPlayed(makeRun(1));
    await using camera = watch(played);
    await using speaker = listen(played);
    await pass(played, 60_000);
    await played.playback.ended;
    expect(played.playback.state).toBe("ended");
    expect(camera.seen.at(-1)?.message.frameId).toBe(9n);
    camera.seen.splice(0);
    speaker.seen.splice(0);
    await pass(played, 60_000);
    expect([...camera.seen, ...speaker.seen]).toEqual([]);
    played.playback.play();
    await pass(played, 50);
    expect([idsOf(camera.seen), idsOf(speaker.seen)]).toEqual([[0], [0]]);
  });

  it("end in good order where that is wanted, after their last message", async () => {
    await using played = await openPlayed(makeRun(1), { play: { atEnd: "close" } });
    await using camera = watch(played);
    await using speaker = listen(played);
    for (let ms = 0; ms < 1_000; ms += 50) await pass(played, 50);
    expect(await Promise.all([camera.ended, speaker.ended])).toEqual([undefined, undefined]);
    expect(idsOf(speaker.seen)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(idsOf(camera.seen)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("which end do so at once for those who come later, who see the last picture; and come again after a seek", async () => {
    await using played = await openPlayed(makeRun(1), { play: { atEnd: "close", start: "at-once" } });
    await pass(played, 1_000);
    await using late = watch(played);
    expect(await late.ended).toBeUndefined();
    expect(idsOf(late.seen)).toEqual([9]);
    await played.playback.seekMs(500);
    played.playback.play();
    await using camera = watch(played);
    expect(idsOf(await camera.take(1))).toEqual([5]);
    await pass(played, 100);
    expect(idsOf(await camera.take(1))).toEqual([6]);
  });
});

describe("a stream that was recorded without a message", () => {
  it("fails as it failed then", async () => {
    const maker = new RecordingMaker().open("camera.streamFrames");
    maker.end("camera.streamFrames", new ConnectError("Camera bridge is not configured.", Code.Unavailable));
    await using played = await openPlayed(maker);
    await using camera = watch(played);
    expect(await camera.ended).toMatchObject({
      code: Code.Unavailable,
      rawMessage: "Camera bridge is not configured.",
    });
  });

  it("stays open and silent when it did so then", async () => {
    const maker = new RecordingMaker().open("camera.streamFrames").at(5_000);
    await using played = await openPlayed(maker.end("camera.streamFrames", new ConnectError("", Code.Canceled)));
    await using camera = watch(played);
    await settleUntil(played.clock, () => played.playback.state === "playing");
    await pass(played, 10_000);
    expect(camera.seen).toEqual([]);
    expect(played.mod.engine.journal.calls("camera.streamFrames")).toEqual([]);
  });

  it("fails when there was none, or shows the scenario, as chosen", async () => {
    const makeOther = () => new RecordingMaker().open("speaker.streamAudio").sound(0).at(9_000);
    await using failing = await openPlayed(makeOther());
    await using refused = watch(failing);
    expect(await refused.ended).toMatchObject({ code: Code.Unavailable });
    await using falling = await openPlayed(makeOther(), {
      play: { otherwise: "scenario" },
      scenario: { display: { width: 8, height: 4 } },
    });
    await using camera = watch(falling);
    const [seen] = await camera.take(1);
    expect(seen?.message).toMatchObject({ width: 8, height: 4 });
    expect(Buffer.compare(seen?.message.pixels ?? new Uint8Array(0), falling.mod.engine.draw().pixels)).toBe(0);
    expect(falling.playback.unanswered).toEqual(new Map([["camera.streamFrames", 1]]));
  });
});

it("a camera shows nothing of another time after a seek to before its first picture", async () => {
  const maker = new RecordingMaker().open("camera.streamFrames").at(1_000).picture(1).at(3_000);
  await using played = await openPlayed(maker, { play: { start: "at-once" } });
  await pass(played, 2_000);
  played.playback.pause();
  await played.playback.seekMs(500);
  await using camera = watch(played);
  await pass(played, 1_000);
  expect(camera.seen).toEqual([]);
  played.playback.play();
  await pass(played, 500);
  expect(idsOf(camera.seen)).toEqual([1]);
});

it("a recording stops when the game is shut down, also one that loops", async () => {
  await using played = await openPlayed(makeRun(1), { play: { loop: true, start: "at-once" } });
  await pass(played, 100);
  await played.resonite.lifecycle.shutdown();
  await pass(played, 100);
  expect(played.playback.state).toBe("closed");
});

it("streams end with Unavailable when the mod is closed", async () => {
  const played = await openPlayed(makeRun(1));
  await using camera = watch(played);
  await camera.take(1);
  await played.mod.close();
  expect(await camera.ended).toMatchObject({ code: Code.Unavailable });
  expect(played.playback.state).toBe("closed");
  await played[Symbol.asyncDispose]();
});
