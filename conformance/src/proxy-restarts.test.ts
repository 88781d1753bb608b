import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, type ConnectError, createReconnectPolicy, type Resonite } from "@resoio/core";
import { createUdsTransport, findSocket } from "@resoio/node-uds";
import { createProxy } from "@resoio/web-proxy";
import { connectProxy } from "@resoio/web-proxy/client";
import { describe, expect, it } from "vitest";
import { startModProcess } from "./testing/mod-process.ts";

const pageCount = 20;

/** Camera frames of a page that resumes by itself, and what interrupted them. */
interface WatchingPage {
  readonly resonite: Resonite;
  /** Resolves with the reason of the interruption, when the frames have come back. */
  readonly recovered: Promise<ConnectError | undefined>;
  readonly firstFrame: Promise<void>;
}

describe(`${pageCount} open pages whose mod is killed and started again`, () => {
  it("see why, go on by themselves, and nobody drives on", { timeout: 60_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "resoio-restart-"));
    const reconnect = createReconnectPolicy({ maxDelayMs: 200 });
    const environment = { RESONITE_IO_SOCKET_DIR: directory };
    const first = await startModProcess(directory);
    const upstream = createUdsTransport({ socketPath: () => findSocket({ environment }), reconnect });
    const proxy = await createProxy({ upstream, ownsUpstreams: true, port: 0 });
    try {
      const pages = await Promise.all(
        Array.from({ length: pageCount }, async () => watch(await connectProxy({ url: proxy.url }), reconnect)),
      );
      await Promise.all(pages.map(({ firstFrame }) => firstFrame));
      const driver = pages[0]?.resonite;
      const drive = driver?.locomotion.drive();
      drive?.send({ moveForward: 1 });
      expect((await first.ask("driven")).moveForward).toBe(1);

      const driveFailure = drive?.summary.then(
        () => undefined,
        (error: unknown) => error,
      );
      await first.kill();
      expect(await driveFailure).toMatchObject({ code: Code.Unavailable });
      await using second = await startModProcess(directory);
      const reasons = await Promise.all(pages.map(({ recovered }) => recovered));

      for (const reason of reasons) expect(reason).toMatchObject({ code: Code.Unavailable });
      const report = await second.ask("now");
      expect(report).toMatchObject({ moveForward: 0, wasCommanded: false });
      // One camera call for all of them, again.
      await Promise.all(pages.map(({ resonite }) => resonite.close()));
    } finally {
      await proxy.stop({ drainMs: 0 });
      await rm(directory, { recursive: true, force: true });
    }
  });
});

function watch(resonite: Resonite, resume: ReturnType<typeof createReconnectPolicy>): WatchingPage {
  const firstFrame = Promise.withResolvers<void>();
  const recovered = Promise.withResolvers<ConnectError | undefined>();
  void (async () => {
    for await (const { gap } of resonite.camera.stream({ resume })) {
      firstFrame.resolve();
      if (gap !== undefined) {
        recovered.resolve(gap.reason);
        return;
      }
    }
  })().catch(recovered.reject);
  return { resonite, recovered: recovered.promise, firstFrame: firstFrame.promise };
}
