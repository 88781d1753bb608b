import type { Resonite } from "@resoio/core";
import { startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import { createProxy } from "@resoio/web-proxy";
import { connectProxy } from "@resoio/web-proxy/client";
import { describe, expect, it } from "vitest";

const pageCount = 200;

describe(`${pageCount} pages on one camera`, () => {
  it("share one call to the mod, and each gets the newest frames", { timeout: 60_000 }, async () => {
    await using mod = await startMockServer({
      scenario: { display: { width: 160, height: 90 }, cameraFps: 30, places: {} },
    });
    const upstream = createUdsTransport({ socketPath: mod.socketPath });
    await using proxy = await createProxy({ upstream, ownsUpstreams: true, port: 0 });
    const pages = await Promise.all(Array.from({ length: pageCount }, () => connectProxy({ url: proxy.url })));

    const seen = await Promise.all(pages.map((page) => framesOf(page, 10)));

    for (const ids of seen) {
      expect(ids).toHaveLength(10);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => Number(a - b)));
    }
    await Promise.all(pages.map((page) => page.close()));
    await mod.engine.until(({ journal }) => journal.calls("camera.streamFrames").length > 0);
    // The one that has ended now is the only one there ever was.
    expect(mod.engine.journal.calls("camera.streamFrames")).toHaveLength(1);
    expect(mod.openCalls).toBe(0);
  });
});

/** The numbers of the next frames that a page gets. */
async function framesOf(page: Resonite, count: number): Promise<bigint[]> {
  const ids: bigint[] = [];
  for await (const { frameId } of page.camera.stream()) {
    ids.push(frameId);
    if (ids.length === count) break;
  }
  return ids;
}
