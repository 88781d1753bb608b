// Measures one client in a process of its own and tells the figures.
//   node measure-client.ts CLIENT SOCKET FRAMES PINGS
import type { BenchClient } from "./clients/bench-client.ts";
import type { Figures } from "./figures.ts";

const [name = "", socketPath = "", frameCount = "0", pingCount = "0"] = process.argv.slice(2);
const { openClient }: { openClient: (socketPath: string) => Promise<BenchClient> } = await import(
  `./clients/${name}.ts`
);
const client = await openClient(socketPath);

const frames = Number(frameCount);
await client.readFrames(Math.ceil(frames / 4));
const cpuBefore = process.cpuUsage();
const framesMs = await elapsed(() => client.readFrames(frames));
const cpu = process.cpuUsage(cpuBefore);

const pings = Number(pingCount);
await pingAtATime(64, pings);
const sequentialMs = await elapsed(() => pingAtATime(1, pings));
const concurrentMs = await elapsed(() => pingAtATime(64, pings * 4));

const figures: Figures = {
  framesPerSecond: (frames / framesMs) * 1000,
  cpuMsPerFrame: (cpu.user + cpu.system) / 1000 / frames,
  pingsPerSecond: (pings / sequentialMs) * 1000,
  pings64PerSecond: ((pings * 4) / concurrentMs) * 1000,
  peakMemoryMiB: process.resourceUsage().maxRSS / 1024,
};
process.send?.(figures);
await client.close();
process.disconnect();
process.exit();

async function pingAtATime(concurrency: number, count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await client.ping();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
