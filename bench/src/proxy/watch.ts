// A process with many pages that watch the camera as JPEG, and, if it is told to, one that asks for pictures or raw frames and then
// reads nothing. Tells how many pictures each page got.
import { once } from "node:events";
import { connectProxy, PictureClient } from "@resoio/web-proxy/client";

const [url = "", pages = "1", seconds = "5", stopped = "nothing"] = process.argv.slice(2);
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
const page = stopped === "nothing" ? undefined : await connectProxy({ url });
if (stopped === "pictures" && page !== undefined) void new PictureClient(page.transport).watch({ fpsLimit: 15 }).next();
if (stopped === "raw frames") void page?.camera.stream({ mode: "every" }).next();
await new Promise((resolve) => setTimeout(resolve, 1_000));
counts.fill(0);
latenciesMs.length = 0;
process.send?.("measuring");
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
const perSecond = counts.map((count) => count / Number(seconds)).sort((a, b) => a - b);
latenciesMs.sort((a, b) => a - b);
process.send?.({
  slowest: perSecond[0] ?? 0,
  mean: perSecond.reduce((sum, rate) => sum + rate, 0) / perSecond.length,
  fastest: perSecond.at(-1) ?? 0,
  latencyP50Ms: latenciesMs[Math.floor(latenciesMs.length / 2)] ?? 0,
  latencyP99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)] ?? 0,
});
await once(process, "disconnect");
stop.abort();
await Promise.allSettled(watching);
process.exit();
