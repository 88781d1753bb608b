// npm run bench:recording -w @resoio/bench     what recording costs the calls that are recorded
//
// One program with a simulated mod and a proxy in front of it, and a client on a WebSocket: 4,000 pings, one after the other, while
// nothing, one, or fifty recordings run. Then a 720p camera at 30 frames a second for five seconds, raw, into nothing: how much of a core each way
// of recording it takes. Compare the figures of one run with each other. Prints two tables and writes bench/out/recording.json.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { rpcs, services } from "@resoio/core";
import { CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { createMockMod } from "@resoio/mock-server";
import { createRecording, type Recording } from "@resoio/recording";
import { zstdCompression } from "@resoio/recording/node";
import { createProxy } from "@resoio/web-proxy";
import { connectProxy } from "@resoio/web-proxy/client";
import { statOf } from "./report/stat.ts";

const pings = 4_000;
const rounds = 3;
const seconds = 5;
const sink = { write: async () => {} };

const calls: Record<string, { p50Us: number; p99Us: number }> = {};
const recorders = [0, 1, 50];
const measured = new Map<number, { p50: number[]; p99: number[] }>(
  recorders.map((count) => [count, { p50: [], p99: [] }]),
);
for (let round = 0; round < rounds; round++) {
  for (const count of recorders) {
    const { p50, p99 } = await measureCalls(count);
    measured.get(count)?.p50.push(p50);
    measured.get(count)?.p99.push(p99);
  }
}
for (const [count, { p50, p99 }] of measured) {
  calls[`${count} recordings`] = { p50Us: statOf(p50).median, p99Us: statOf(p99).median };
}
console.table(calls);

const camera: Record<string, { corePercent: number; gigabytesPerHour: number }> = {
  "raw, not compressed": await measureCamera({}),
  "raw, zstd": await measureCamera({ compression: zstdCompression() }),
};
console.table(camera);
const out = join(import.meta.dirname, "../out");
await mkdir(out, { recursive: true });
await writeFile(join(out, "recording.json"), `${JSON.stringify({ pings, rounds, calls, camera }, undefined, 2)}\n`);

/** How long a ping takes while so many recordings run, in microseconds. */
async function measureCalls(count: number): Promise<{ readonly p50: number; readonly p99: number }> {
  await using mod = createMockMod();
  await using proxy = await createProxy({
    upstream: mod.transport(),
    port: 0,
    limits: { acceptedCallsPerSecond: 1_000_000, callsPerSecond: 1_000_000, framesPerSecond: 1_000_000 },
  });
  await using resonite = await connectProxy({ url: proxy.url });
  const recordings: Recording[] = Array.from({ length: count }, () => proxy.startRecording({ sink }));
  for (let warmUp = 0; warmUp < 500; warmUp++) await resonite.connection.ping("hello");
  const times: number[] = [];
  for (let index = 0; index < pings; index++) {
    const startMs = performance.now();
    await resonite.connection.ping("hello");
    times.push((performance.now() - startMs) * 1_000);
  }
  await Promise.all(recordings.map((recording) => recording.end()));
  times.sort((one, other) => one - other);
  return { p50: times[Math.floor(pings / 2)] ?? 0, p99: times[Math.floor(pings * 0.99)] ?? 0 };
}

/** How much of a core it takes to record a camera, all threads together. */
async function measureCamera(options: { readonly compression?: ReturnType<typeof zstdCompression> }) {
  await using mod = createMockMod();
  const frames: Uint8Array[] = [];
  const leaving = new AbortController();
  // What the simulated camera shows is rendered before the time is taken.
  for await (const frame of createClient(services.camera, mod.transport()).streamFrames(
    {},
    { signal: leaving.signal },
  )) {
    frames.push(toBinary(CameraFrameSchema, frame));
    if (frames.length === 30) break;
  }
  leaving.abort();
  let stored = 0;
  const recording = createRecording({
    ...options,
    crc32,
    sink: {
      async write({ byteLength }) {
        stored += byteLength;
      },
    },
  });
  const tap = recording.call(rpcs["camera.streamFrames"].method);
  const start = process.cpuUsage();
  const startMs = performance.now();
  for (let index = 0; index < 30 * seconds; index++) {
    tap?.response(frames[index % frames.length] ?? new Uint8Array(0));
    const dueMs = startMs + ((index + 1) * 1_000) / 30;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
  }
  const { droppedMessages } = await recording.end();
  const { user, system } = process.cpuUsage(start);
  if (droppedMessages > 0) console.log(`${droppedMessages} frames are missing`);
  return {
    corePercent: ((user + system) / 1e6 / seconds) * 100,
    gigabytesPerHour: (stored / seconds) * 3_600e-9,
  };
}
