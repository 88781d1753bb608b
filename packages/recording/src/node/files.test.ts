import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { InvalidOptionsError, rpcs } from "@resoio/core";
import { PingRequestSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { afterAll, describe, expect, it } from "vitest";
import { collect } from "../collect.js";
import { MalformedRecordingError } from "../errors/malformed-recording-error.js";
import { recordSample } from "../testing/record-sample.js";
import { openRecordingFile } from "./open-recording-file.js";
import { recordToFile } from "./record-to-file.js";
import { hasZstd, zstdCompression } from "./zstd.js";

const folder = mkdtempSync(join(tmpdir(), "resoio-recording-files-"));
let fileCount = 0;

afterAll(() => rmSync(folder, { recursive: true }));

describe("a recording in a file", () => {
  it("can be read while it is written, and when it is complete", async () => {
    const file = newFile();
    const recording = recordToFile(file, { flushIntervalMs: 1 });
    await recording.started;
    recording.message("/note", PingRequestSchema, note("one"));
    await until(async () => {
      await using reader = await openRecordingFile(file);
      expect(reader.info.isComplete).toBe(false);
      return (await collect(reader.messages())).length === 1;
    });
    recording.message("/note", PingRequestSchema, note("two"));
    const { byteLength } = await recording.end();

    expect((await stat(file)).size).toBe(byteLength);
    await using reader = await openRecordingFile(file);
    expect(reader.info).toMatchObject({ isComplete: true, byteLength, messages: 2 });
  });

  it("replaces what was there", async () => {
    const file = newFile();
    await writeFile(file, "x".repeat(1_000_000));
    await recordToFile(file).end();

    await using reader = await openRecordingFile(file);
    expect(reader.info.messages).toBe(0);
  });

  it.runIf(hasZstd)("is compressed where Node can, unless that is not wanted", async () => {
    const [compressed, plain] = [newFile(), newFile()];
    for (const [file, options] of [[compressed, {}] as const, [plain, { compression: "none" }] as const]) {
      const recording = recordToFile(file, options);
      recording.call(rpcs["camera.streamFrames"].method)?.response(new Uint8Array(100_000));
      await recording.end();
      await using reader = await openRecordingFile(file);
      expect((await reader.lastMessage("/rpc/camera.streamFrames/response"))?.data).toEqual(new Uint8Array(100_000));
    }

    expect((await stat(compressed)).size).toBeLessThan(10_000);
    expect((await stat(plain)).size).toBeGreaterThan(100_000);
  });

  it.runIf(hasZstd)("is read by plain JavaScript, too, when it is compressed", async () => {
    const { bytes, told } = await recordSample({ compression: zstdCompression({ level: 5 }) });
    const file = newFile();
    await writeFile(file, bytes);
    await using native = await openRecordingFile(file);
    const { portableDecompressors } = await import("../reader/decompression.js");
    await using portable = await openRecordingFile(file, { decompressors: portableDecompressors });

    const topics = told.map(([topic]) => topic);
    const messages = await collect(native.messages({ topics }));
    expect(messages.map(({ data }) => data)).toEqual(told.map(([, , data]) => data));
    expect((await collect(portable.messages({ topics }))).map(({ data }) => data)).toEqual(
      told.map(([, , data]) => data),
    );
  });

  it("fails with what the system says where no file can be", async () => {
    const recording = recordToFile(join(folder, "no", "such", "folder", "x.mcap"));

    await expect(recording.started).rejects.toThrow("no such file or directory");
    await expect(recording.end()).rejects.toMatchObject({ code: "RECORDING_FAILED", cause: { code: "ENOENT" } });
    await expect(openRecordingFile(join(folder, "none.mcap"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("is no recording when it is something else, or nothing", async () => {
    for (const content of ["", "MCAP", "something else entirely"]) {
      const file = newFile();
      await writeFile(file, content);
      await expect(openRecordingFile(file)).rejects.toThrow(MalformedRecordingError);
    }
  });
});

describe("a disk that is full", () => {
  it.runIf(existsSync("/dev/full"))("ends the recording with the system's error, and nothing else", async () => {
    const recording = recordToFile("/dev/full");
    const call = recording.call(rpcs["connection.ping"].method);
    await expect(recording.started).rejects.toMatchObject({ cause: { code: "ENOSPC" } });
    call?.request(new Uint8Array(10));
    call?.end(undefined);

    expect(recording.failure).toMatchObject({ cause: { code: "ENOSPC" } });
    await expect(recording.end()).rejects.toBe(recording.failure);
  });

  it("leaves what fitted, which can be read", async ({ skip }) => {
    const disk = mkdtempSync(join(tmpdir(), "resoio-small-disk-"));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", disk]);
    // Only the administrator of a Linux machine can make a disk.
    if (mounted.status !== 0) {
      rmSync(disk, { recursive: true });
      skip();
    }
    try {
      const file = join(disk, "run.mcap");
      const recording = recordToFile(file, { compression: "none", chunkBytes: 20_000 });
      const call = recording.call(rpcs["camera.streamFrames"].method);
      for (let count = 0; recording.failure === undefined; count++) {
        call?.response(new Uint8Array(5_000).fill(count));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await expect(recording.end()).rejects.toMatchObject({ cause: { code: "ENOSPC" } });

      await using reader = await openRecordingFile(file);
      expect(reader.info.isComplete).toBe(false);
      const frames = await collect(reader.messages({ topics: ["/rpc/camera.streamFrames/response"] }));
      expect(frames.length).toBeGreaterThan(40);
      expect(frames.map(({ data }) => data[0])).toEqual(frames.map((_, index) => index % 256));
    } finally {
      spawnSync("umount", [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

describe("the command resoio-recording", () => {
  const command = join(import.meta.dirname, "../../bin/resoio-recording.js");
  const run = (...args: string[]) => spawnSync(process.execPath, [command, ...args], { encoding: "utf8" });

  it("says what is in a recording", async () => {
    const file = await sampleFile();
    const { stdout, stderr, status } = run("inspect", file);

    expect([stderr, status]).toEqual(["", 0]);
    expect(stdout).toContain("complete");
    expect(stdout).toMatch(
      /^\/rpc\/camera\.streamFrames\/response +40 +\d+\.\d kB +2\d\.\d +0\.04 s +resonite_io\.v1\.CameraFrame$/m,
    );
    expect(stdout).toMatch(/^connection\.ping +40 +36 ok, 4 DeadlineExceeded$/m);
    expect(stdout).toMatch(/^camera\.streamFrames +1 +1 Canceled$/m);
    expect(stdout).toContain("Nothing is missing.");
  });

  it("says the same as JSON", async () => {
    const file = await sampleFile();
    const report = JSON.parse(run("inspect", "--json", file).stdout);

    expect(report.info).toMatchObject({ isComplete: true, startUnixNanos: "1750000000000000000" });
    expect(report.topics.map(({ topic }: { topic: string }) => topic)).toHaveLength(5);
    expect(report.rpcs).toEqual([
      { rpc: "camera.streamFrames", calls: 1, statuses: { Canceled: 1 } },
      { rpc: "connection.ping", calls: 40, statuses: { ok: 36, DeadlineExceeded: 4 } },
    ]);
    expect(report.gaps).toEqual([]);
  });

  it("repairs a recording that breaks off", async () => {
    const file = await sampleFile();
    await truncate(file, Math.floor((await stat(file)).size / 2));
    const repaired = newFile();
    expect(run("inspect", file).stdout).toContain("breaks off");
    expect(run("repair", file, repaired).status).toBe(0);

    await using before = await openRecordingFile(file);
    await using after = await openRecordingFile(repaired, { recover: "never" });
    expect(after.info.messages).toBe(before.info.messages);
    const ids = async (reader: typeof before) =>
      (await collect(reader.messages())).map(({ topic, unixNanos }) => `${topic.topic} ${unixNanos}`);
    expect(await ids(after)).toEqual(await ids(before));
    const { readWithMcap } = await import("../testing/mcap-own-reader.js");
    const records = await readWithMcap(await readFile(repaired));
    expect(records.at(-1)?.type).toBe("Footer");
    expect(records.filter(({ type }) => type === "Message")).toHaveLength(before.info.messages);
  });

  it.each([
    ["a file that is not there", ["inspect", "/nowhere.mcap"], "no such file"],
    ["a file that is none", ["inspect", import.meta.filename], "this is no recording"],
    ["one file twice", ["repair", "x.mcap", "x.mcap"], "needs a file of its own"],
  ])("says in a line what is wrong with %s", (_, args, problem) => {
    const { stderr, status } = run(...args);

    expect(status).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([expect.stringContaining(problem)]);
  });
});

it.runIf(hasZstd)("many recordings are compressed beside each other, each as if it were alone", async () => {
  const alone = await recordSample({ compression: zstdCompression() });
  const many = Array.from({ length: 20 }, () => recordSample({ compression: zstdCompression() }));
  for (const { told, summary } of await Promise.all(many)) {
    expect(summary.topics).toEqual(alone.summary.topics);
    expect(summary.byteLength).toBeLessThan(told.reduce((sum, [, , data]) => sum + data.byteLength, 0));
  }
});

it.runIf(!hasZstd)("zstd is refused where Node has none", () => {
  expect(() => zstdCompression()).toThrow(InvalidOptionsError);
});

function newFile(): string {
  return join(folder, `${++fileCount}.mcap`);
}

async function sampleFile(): Promise<string> {
  const file = newFile();
  await writeFile(file, (await recordSample()).bytes);
  return file;
}

function note(message: string): Uint8Array {
  return toBinary(PingRequestSchema, create(PingRequestSchema, { message }));
}

/** Waits for what only looking again can tell. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
