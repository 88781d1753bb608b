// A process with a proxy, or with the simulated mod behind it:
//   node serve.ts mod                            tells its socket, then how many calls are open when it is asked
//   node serve.ts proxy SOCKET [FOLDER]          tells its url; serves the files of FOLDER
import { startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import { createProxy } from "@resoio/web-proxy";
import { answerCosts } from "../processes/costs.ts";

/** What a client may do in a second is limited to far less than there is to measure. */
const withoutLimits = { acceptedCallsPerSecond: 1e6, callsPerSecond: 1e6, framesPerSecond: 1e7 };

const [role = "", socketPath = "", staticDirectory] = process.argv.slice(2);
answerCosts();
if (role === "mod") {
  const mod = await startMockServer({ scenario: { display: { width: 1280, height: 720 }, cameraFps: 15, places: {} } });
  process.on("message", (message) => {
    if (message === "open calls") process.send?.(mod.openCalls);
  });
  process.send?.(mod.socketPath);
  process.once("disconnect", () => void mod.close());
} else {
  const proxy = await createProxy({
    upstream: createUdsTransport({ socketPath }),
    ownsUpstreams: true,
    port: 0,
    limits: withoutLimits,
    ...(staticDirectory === undefined ? {} : { staticDirectory }),
  });
  process.send?.(proxy.url);
  process.once("disconnect", () => void proxy.stop({ drainMs: 0 }));
}
