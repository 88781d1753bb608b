// A process with many pages that watch the camera as JPEG, and one that stopped reading. Tells how many pictures each page got.
import { once } from "node:events";
import { connectProxy, PictureClient } from "@resoio/web-proxy/client";

const [url = "", pages = "1", seconds = "5", stuck = "no"] = process.argv.slice(2);
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
if (stuck === "stuck") {
  // Asks for raw pictures and reads none.
  const page = await connectProxy({ url });
  void page.camera.stream({ mode: "every" }).next();
}
await new Promise((resolve) => setTimeout(resolve, 1_000));
counts.fill(0);
latenciesMs.length = 0;
process.send?.("measuring");
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
const perSecond = counts.map((count) => count / Number(seconds)).sort((a, b) => a - b);
latenciesMs.sort((a, b) => a - b);
process.send?.({
  slowest: perSecond[0] ?? 0,
  fastest: perSecond.at(-1) ?? 0,
  latencyP50Ms: latenciesMs[Math.floor(latenciesMs.length / 2)] ?? 0,
  latencyP99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)] ?? 0,
});
await once(process, "disconnect");
stop.abort();
await Promise.allSettled(watching);
process.exit();
