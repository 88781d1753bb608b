import { readdirSync, readlinkSync } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { McapWriter } from "@mcap/core";
import { InvalidOptionsError, Resonite } from "@resoio/core";
import { createUdsTransport } from "@resoio/node-uds";
import { bytesSource, openRecording } from "@resoio/recording";
import { describe, expect, it } from "vitest";
import { createVirtualClock } from "../engine/clock.js";
import { startMockServer } from "../start-mock-server.js";
import { makeRun, RecordingMaker } from "../testing/make-recording.js";
import { settleUntil } from "../testing/settle-until.js";
import { temporaryFolder } from "../testing/temporary-folder.js";
import { openPlay } from "./open-play.js";
import { UnplayableRecordingError } from "./unplayable-recording-error.js";

/** Writes a file for one test. */
async function fileWith(bytes: Uint8Array): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "run.mcap");
  await writeFile(path, bytes);
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** A recording whose first call comes after half a minute. */
async function lateRun(): Promise<Uint8Array> {
  return await new RecordingMaker().at(30_000).open("camera.streamFrames").picture(1).at(31_000).bytes();
}

/** A recording that says that it is of another version. */
async function ofVersion(version: string): Promise<Uint8Array> {
  const bytes = Buffer.from(await makeRun(1).bytes());
  const name = "resoio.version";
  // Behind the name stand the length of the value and the value.
  const place = bytes.indexOf(name) + name.length + 4;
  expect(bytes.toString("latin1", place, place + 1)).toBe("1");
  bytes.write(version, place, "latin1");
  return bytes;
}

/** An MCAP file of somebody else. */
async function foreignFile(): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const writer = new McapWriter({
    writable: {
      position: () => BigInt(Buffer.concat(parts).byteLength),
      write: async (bytes) => {
        parts.push(bytes.slice());
      },
    },
  });
  await writer.start({ profile: "", library: "a robot" });
  const channelId = await writer.registerChannel({
    schemaId: 0,
    topic: "/a",
    messageEncoding: "json",
    metadata: new Map(),
  });
  await writer.addMessage({ channelId, sequence: 0, logTime: 5n, publishTime: 5n, data: Uint8Array.of(0x7b, 0x7d) });
  await writer.end();
  return Buffer.concat(parts);
}

/** The files that this process has open below a folder. */
function openFilesIn(folder: string): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(join("/proc/self/fd", fd));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      // The one that the list itself was read with.
      return [];
    }
  });
}

describe("a file that is played", () => {
  it("can be given by its path alone, and is closed with the mod", async () => {
    await using file = await fileWith(await makeRun(2).bytes());
    const mod = await startMockServer({ play: file.path });
    expect(mod.playback.info).toMatchObject({ durationMs: 2_000, isComplete: true });
    expect(openFilesIn(file.path)).toEqual([file.path]);
    await mod.close();
    await mod.closed;
    expect(openFilesIn(file.path)).toEqual([]);
  });

  it("is closed too when the mod cannot be made or started", async () => {
    await using file = await fileWith(await makeRun(2).bytes());
    const taken = join(file.path, "..");
    await expect(startMockServer({ play: { recording: file.path, speed: 99 } })).rejects.toThrow(InvalidOptionsError);
    await expect(startMockServer({ play: file.path, socketPath: taken })).rejects.toThrow("EADDRINUSE");
    expect(openFilesIn(file.path)).toEqual([]);
  });

  it("is where it begins when the server is there", async () => {
    await using file = await fileWith(await makeRun(9).bytes());
    await using mod = await startMockServer({ play: { recording: file.path, fromMs: 4_321 } });
    expect(mod.playback).toMatchObject({ state: "waiting", positionMs: 4_321 });
    await using late = await fileWith(await lateRun());
    await using other = await startMockServer({ play: late.path });
    expect(other.playback.positionMs).toBeCloseTo(30_000, 5);
  });

  it("stays open when somebody else opened it", async () => {
    let isClosed = false;
    const close = async (): Promise<void> => {
      isClosed = true;
    };
    await using recording = await openRecording({ ...bytesSource(await makeRun(2).bytes()), close });
    const mod = await startMockServer({ play: { recording } });
    await mod.close();
    expect(isClosed).toBe(false);
  });

  it("plays up to where it breaks off", async () => {
    const bytes = await makeRun(20).bytes();
    for (const part of [0.3, 0.5, 0.77]) {
      await using file = await fileWith(bytes);
      const length = Math.floor(bytes.byteLength * part);
      await truncate(file.path, length);
      const clock = createVirtualClock();
      await using mod = await startMockServer({
        clock,
        play: { recording: file.path, atEnd: "close", otherwise: "fail" },
      });
      expect(mod.playback.info.isComplete).toBe(false);
      const { durationMs } = mod.playback;
      expect(durationMs).toBeGreaterThan(20_000 * part * 0.4);
      await using resonite = new Resonite(createUdsTransport({ socketPath: mod.socketPath }));
      const stream = resonite.camera.stream({ mode: "every" });
      let last = -1;
      const reading = (async () => {
        for await (const { frameId } of stream) {
          expect(Number(frameId)).toBe(last + 1);
          last = Number(frameId);
        }
      })();
      let isOver = false;
      void reading.finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await clock.advance(100);
        // One picture at a time, or it would skip those that nobody had time for.
        await settleUntil(clock, () => isOver || last >= Math.floor((mod.playback.positionMs - 1) / 100));
      }
      await reading;
      expect(last).toBeGreaterThanOrEqual(Math.floor(durationMs / 100) - 1);
      expect((await resonite.world.getCurrent())?.name).toBe(`World ${Math.floor((durationMs - 1) / 1_000)}`);
    }
  });

  it.each([
    [
      "is no recording",
      async () => new TextEncoder().encode("something else"),
      /it does not begin as an MCAP file does$/,
    ],
    ["is empty", async () => new Uint8Array(0), /it does not begin as an MCAP file does$/],
    ["was made by something else", foreignFile, /it is an MCAP file, but not one of @resoio\/recording$/],
    ["is of a newer version", () => ofVersion("2"), /it is of version 2, .* up to 1: update @resoio\/mock-server$/],
  ])("that %s is refused by name", async (_, make, problem) => {
    await using file = await fileWith(await make());
    const starting = startMockServer({ play: file.path });
    await expect(starting).rejects.toThrow(UnplayableRecordingError);
    await expect(starting).rejects.toThrow(problem);
    await expect(starting).rejects.toMatchObject({
      code: "UNPLAYABLE_RECORDING",
      recording: file.path,
      message: expect.stringContaining(file.path),
    });
    expect(openFilesIn(file.path)).toEqual([]);
  });

  it("that is not there fails with the system's error", async () => {
    await expect(startMockServer({ play: "/nowhere/run.mcap" })).rejects.toMatchObject({ code: "ENOENT" });
  });

  it.each(["start", "otherwise", "latency", "atEnd"])("is not played with a %s that there is not", async (option) => {
    const recording = await makeRun(1).reader();
    await expect(startMockServer({ play: { recording, [option]: "sideways" } })).rejects.toThrow(
      new RegExp(`^${option} must be "[a-z-]+" or "[a-z-]+", not "sideways"$`),
    );
  });
});

it("opens what is a path, and closes it once", async () => {
  await using file = await fileWith(await makeRun(1).bytes());
  const opened = await openPlay({ recording: file.path, speed: 2 });
  expect(opened).toMatchObject({ name: file.path, options: { speed: 2 } });
  await Promise.all([opened.close(), opened.close()]);
  expect(openFilesIn(file.path)).toEqual([]);
});
