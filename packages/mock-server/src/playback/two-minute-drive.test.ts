import { createHash } from "node:crypto";
import { join } from "node:path";
import { Resonite } from "@resoio/core";
import { createUdsTransport } from "@resoio/node-uds";
import { createRecordingInterceptor } from "@resoio/recording";
import { openRecordingFile, recordToFile } from "@resoio/recording/node";
import { beforeAll, describe, expect, it } from "vitest";
import { createVirtualClock, type VirtualClock } from "../engine/clock.js";
import { type MockServer, startMockServer } from "../start-mock-server.js";
import { temporaryFolder } from "../testing/temporary-folder.js";

const durationMs = 120_000;
const stepMs = 10;
const pictureMs = 100;
/** What the slowest call takes at most. */
const slowMs = 100;
const scenario = { seed: 7, display: { width: 64, height: 36, settleMs: 0 }, cameraFps: 1000 / pictureMs };

const pictureTopic = "/rpc/camera.streamFrames/response";
const soundTopic = "/rpc/speaker.streamAudio/response";

describe("a drive of two minutes, recorded with camera and sound over a socket and played as a mod", () => {
  let original: Content;
  let replay: Content;
  let unanswered: unknown;

  beforeAll(async () => {
    await using folder = await temporaryFolder();
    const [first, second] = [join(folder.path, "first.mcap"), join(folder.path, "second.mcap")];
    const clock = createVirtualClock();
    const answeredMs = await recordDrive(await startMockServer({ scenario, clock }), clock, first);
    original = await contentOf(first);

    const laterClock = createVirtualClock();
    const mod = await startMockServer({ clock: laterClock, play: { recording: first, otherwise: "fail" } });
    await recordDrive(mod, laterClock, second, answeredMs);
    unanswered = mod.playback.unanswered;
    replay = await contentOf(second);
  }, 120_000);

  it("holds what it should: ten pictures a second, all the sound, and the calls", () => {
    const counts = Object.fromEntries([...original].map(([topic, messages]) => [topic, messages.length]));
    expect(counts).toMatchObject({
      [pictureTopic]: durationMs / pictureMs + 1,
      [soundTopic]: Math.floor((durationMs * 48) / 1024),
      "/rpc/world.getCurrent/response": durationMs / 5_000,
      "/rpc/inventory.list/request": durationMs / 5_000,
      "/rpc/locomotion.drive/request": durationMs / 1_000,
    });
    const different = new Set(original.get(pictureTopic)?.map(({ hash }) => hash));
    expect(different.size).toBeGreaterThan(500);
  });

  it.each([
    ["pictures", pictureTopic],
    ["sounds", soundTopic],
  ])("gives the same %s, byte for byte, at the same times", (_, topic) => {
    expect(replay.get(topic)).toEqual(original.get(topic));
  });

  it("gives the same answers and errors, byte for byte, at the same times", () => {
    const answersOf = (content: Content): unknown =>
      [...content]
        // Commands carry the time of whoever sends them.
        .filter(([topic]) => ![pictureTopic, soundTopic, "/rpc/locomotion.drive/request"].includes(topic))
        .map(([topic, messages]) => [topic, messages.map(byStep).toSorted(inOrder)])
        .toSorted();
    expect([...original.keys()]).toEqual(expect.arrayContaining(["/calls", "/rpc/locomotion.drive/response"]));
    expect(answersOf(replay)).toEqual(answersOf(original));
  });

  it("needs nothing from the scenario", () => {
    expect(unanswered).toEqual(new Map());
  });
});

/**
 * An agent: drives about, looks, listens and asks. In steps, each of which ends when all has come that it brings. Returns the steps
 * in which its slow calls were answered, by those in which they were made. Given those of an earlier run, a step does not end
 * without the answer that it had there, however long a file takes to be read: what comes too late is missed, what comes too early seen.
 */
async function recordDrive(
  mod: MockServer,
  clock: VirtualClock,
  path: string,
  expectedMs?: ReadonlyMap<number, number>,
): Promise<ReadonlyMap<number, number>> {
  // What stores it lives in another time.
  const recording = recordToFile(path, { clock, maxQueueBytes: 2 ** 30, sinkTimeoutMs: 1e9 });
  const interceptors = [createRecordingInterceptor(recording)];
  const resonite = new Resonite(createUdsTransport({ socketPath: mod.socketPath, interceptors }));
  const pictures = resonite.camera.stream({ mode: "every" });
  const sounds = resonite.speaker.stream();
  const drive = resonite.locomotion.drive();
  let heard = 0;
  const answeredMs = new Map<number, number>();
  let slow: Promise<unknown> | undefined;
  let slowMadeMs = 0;
  let stepAtMs = 0;
  for (let ms = 0; ms <= durationMs; ms += stepMs) {
    stepAtMs = ms;
    if (ms > 0) await clock.advance(stepMs);
    if (ms % pictureMs === 0) await pictures.next();
    for (; heard < Math.floor((ms * 48) / 1024); heard++) await sounds.next();
    if (ms === durationMs) break;
    if (ms % 1_000 === 0) {
      drive.send({ moveForward: Math.sin(ms / 7_000), yawRate: 40 * Math.cos(ms / 5_000) });
      await resonite.connection.ping("sent");
    }
    if (ms % 5_000 === 2_000) {
      await resonite.world.getCurrent();
      await resonite.grabber.getState();
      await expect(resonite.inventory.list(`/Inventory/Nowhere ${ms % 3}`)).rejects.toThrow("not_found");
      slowMadeMs = ms;
      slow = resonite.cursor.setPosition(0.5 + ms / (4 * durationMs), 0.5).then(() => answeredMs.set(ms, stepAtMs));
    }
    // Answers come in the order in which they were sent: with this one, that of a slow call is here too, if it was sent.
    if (ms % 5_000 >= 2_000 && ms % 5_000 < 2_000 + slowMs) await resonite.connection.ping("waiting");
    if (ms === expectedMs?.get(slowMadeMs) || ms % 5_000 === 2_000 + slowMs) await slow;
  }
  expect((await drive.finish())?.receivedCount).toBe(BigInt(durationMs / 1_000));
  await resonite.close();
  const { droppedMessages } = await recording.end();
  expect(droppedMessages).toBe(0);
  await mod.close();
  return answeredMs;
}

/** A message of a recording, as it can be compared. */
interface Shown {
  readonly atMs: number;
  readonly call: number;
  readonly hash: string;
}

/** The messages of a recording by topic. */
type Content = ReadonlyMap<string, readonly Shown[]>;

async function contentOf(path: string): Promise<Content> {
  await using reader = await openRecordingFile(path);
  const content = new Map<string, Shown[]>();
  for await (const { topic, atMs, sequence: call, data } of reader.messages()) {
    const shown = { atMs, call, hash: createHash("sha256").update(data).digest("base64") };
    const messages = content.get(topic.topic);
    if (messages === undefined) content.set(topic.topic, [shown]);
    else messages.push(shown);
  }
  return content;
}

/** An answer that comes between two steps is noticed somewhere on the way to the second. */
function byStep({ atMs, ...shown }: Shown): Shown {
  return { ...shown, atMs: Math.ceil(atMs / stepMs) * stepMs };
}

function inOrder(one: Shown, other: Shown): number {
  return one.atMs - other.atMs || one.call - other.call;
}
