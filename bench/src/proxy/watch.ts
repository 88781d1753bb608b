// Pages that watch the camera as JPEG, all in one process, and one that asks for raw pictures and reads none, if it is to be:
//   node watch.ts URL PAGES MILLISECONDS [stuck]
// Says when it begins to count, and then how many pictures the pages got.
import { once } from "node:events";
import { connectProxy, PictureClient } from "@resoio/web-proxy/client";

const [url = "", pages = "1", durationMs = "1000", stuck] = process.argv.slice(2);
const clients = await Promise.all(Array.from({ length: Number(pages) }, () => connectProxy({ url })));
const counts = clients.map(() => 0);
const latenciesMs: number[] = [];
const stop = new AbortController();
const watching = clients.map(async ({ transport }, index) => {
  for await (const { unixNanos } of new PictureClient(transport).watch({ fpsLimit: 15, signal: stop.signal })) {
    counts[index] = (counts[index] ?? 0) + 1;
    latenciesMs.push(Date.now() - Number(unixNanos / 1_000_000n));
  }
});
if (stuck !== undefined) {
  const page = await connectProxy({ url });
  void page.camera.stream({ mode: "every" }).next();
}
await pause(1_000);
counts.fill(0);
latenciesMs.length = 0;
process.send?.("counting");
await pause(Number(durationMs));
const perSecond = counts.map((count) => (count / Number(durationMs)) * 1_000).sort((a, b) => a - b);
latenciesMs.sort((a, b) => a - b);
process.send?.({
  slowest: perSecond[0],
  latencyP50Ms: latenciesMs[Math.floor(latenciesMs.length / 2)],
  latencyP99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)],
});
await once(process, "disconnect");
stop.abort();
await Promise.allSettled(watching);
process.exit();

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
