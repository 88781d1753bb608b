// Records an hour of traffic, whose time passes as fast as it can, and prints what memory is in use every ten minutes, in bytes. In a
// process of its own, with --expose-gc: what the runner of the tests keeps would be in the figures.
import { rpcs } from "@resoio/core";

const built = new URL("../../dist/index.js", import.meta.url).href;
const { createRecording }: typeof import("../index.js") = await import(built);

let nowMs = 0;
const tasks = new Set<{ readonly dueMs: number; readonly run: () => void }>();
const clock = {
  nowMs: () => nowMs,
  unixNanos: () => 1_750_000_000_000_000_000n + BigInt(nowMs) * 1_000_000n,
  schedule(delayMs: number, run: () => void) {
    const task = { dueMs: nowMs + delayMs, run };
    tasks.add(task);
    return () => tasks.delete(task);
  },
};
let stored = 0;
const sink = {
  async write({ byteLength }: Uint8Array) {
    stored += byteLength;
  },
};

const recording = createRecording({ sink, clock });
const camera = recording.call(rpcs["camera.streamFrames"].method);
const speaker = recording.call(rpcs["speaker.streamAudio"].method);
const used: number[] = [];
for (let second = 0; second < 3_600; second++) {
  for (let count = 0; count < 30; count++) camera?.response(new Uint8Array(3_000));
  for (let count = 0; count < 50; count++) speaker?.response(new Uint8Array(500));
  for (let count = 0; count < 10; count++) {
    const call = recording.call(rpcs["connection.ping"].method, { client: `page ${count}` });
    call?.request(new Uint8Array(10));
    call?.response(new Uint8Array(20));
    call?.end(undefined);
  }
  nowMs += 1_000;
  for (const task of tasks) {
    if (task.dueMs > nowMs) continue;
    tasks.delete(task);
    task.run();
  }
  await new Promise((resolve) => setImmediate(resolve));
  if (second % 600 === 599) used.push(usedBytes());
}
const summary = await recording.end();
process.stdout.write(JSON.stringify({ used, stored, summary }));

function usedBytes(): number {
  for (let count = 0; count < 2; count++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
