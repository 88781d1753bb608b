// A process with a proxy, or with the simulated mod behind it. Says where it listens, then tells its costs when it is asked.
import { startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import { createProxy } from "@resoio/web-proxy";

const [role = "", socketPath = ""] = process.argv.slice(2);
if (role === "mod") {
  const mod = await startMockServer({ scenario: { display: { width: 1280, height: 720 }, cameraFps: 15, places: {} } });
  process.send?.(mod.socketPath);
  process.once("disconnect", () => void mod.close());
} else {
  const proxy = await createProxy({ upstream: createUdsTransport({ socketPath }), ownsUpstreams: true, port: 0 });
  process.send?.(proxy.url);
  process.once("disconnect", () => void proxy.stop({ drainMs: 0 }));
}

let before = process.cpuUsage();
process.on("message", () => {
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6, rssMiB: process.memoryUsage().rss / 2 ** 20 });
});
