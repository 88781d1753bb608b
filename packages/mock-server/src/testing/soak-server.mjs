// A simulated mod in a process of its own, for tests that watch memory. Tells its socket, then its memory every 200 ms.
import { startMockServer } from "@resoio/mock-server";

const mod = await startMockServer({
  scenario: { display: { width: 1920, height: 1080 }, cameraFps: 60 },
});
process.send({ socketPath: mod.socketPath });
// The last one may find nobody any more.
const sampling = setInterval(() => process.send({ residentBytes: process.memoryUsage.rss() }, () => {}), 200);
process.once("disconnect", () => {
  clearInterval(sampling);
  void mod.close();
});
