import { Resonite } from "@resoio/core";
import { startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import { createProxy } from "@resoio/web-proxy";
import { describe, expect, it } from "vitest";
import { BrowserTransport } from "./testing/browser-transport.ts";
import { missingChromium, openPage, pageFolder } from "./testing/chromium.ts";

const missing = missingChromium();

/** A mod behind a proxy, and a page of the proxy's own that drives the avatar forward. */
async function openDrivingPage() {
  const mod = await startMockServer({ scenario: { display: { width: 16, height: 16 }, places: {} } });
  const proxy = await createProxy({
    upstream: createUdsTransport({ socketPath: mod.socketPath }),
    ownsUpstreams: true,
    port: 0,
    staticDirectory: await pageFolder(),
  });
  const page = await openPage(proxy.url);
  const resonite = new Resonite(await BrowserTransport.open(page, proxy.url));
  const drive = resonite.locomotion.drive();
  // It fails when the page vanishes, which is what is tested.
  drive.summary.catch(() => {});
  drive.send({ moveForward: 1 });
  await mod.engine.until(({ state }) => state.locomotion.moveForward === 1);
  return {
    mod,
    page,
    resonite,
    drive,
    async [Symbol.asyncDispose]() {
      await page.close();
      await proxy.stop({ drainMs: 0 });
      await mod.close();
    },
  };
}

describe.skipIf(missing !== undefined)("a page that drives the avatar", () => {
  it("stops it when its tab is closed", async () => {
    await using test = await openDrivingPage();
    await test.page.close();
    await test.mod.engine.until(({ state }) => state.locomotion.moveForward === 0);
    expect(test.mod.engine.journal.changes("driveEnded").map(({ reason }) => reason)).toEqual(["cancelled"]);
  });

  it("stops it when it navigates away", async () => {
    await using test = await openDrivingPage();
    await test.page.goto("about:blank");
    await test.mod.engine.until(({ state }) => state.locomotion.moveForward === 0);
    expect(test.mod.engine.journal.changes("driveEnded").map(({ reason }) => reason)).toEqual(["cancelled"]);
  });

  it("stops it when it hangs, and may drive again when it is back", async () => {
    await using test = await openDrivingPage();
    const hanging = test.page.evaluate(() => {
      const end = Date.now() + 3_000;
      while (Date.now() < end) {
        // Busy.
      }
    });
    await test.mod.engine.until(({ state }) => state.locomotion.moveForward === 0);
    await hanging;

    const next = test.resonite.locomotion.drive();
    next.send({ moveForward: 0.5 });
    await test.mod.engine.until(({ state }) => state.locomotion.moveForward === 0.5);
    await next.finish();
  });

  it("keeps it walking when it has finished its drive in good order, also after it is gone", async () => {
    await using test = await openDrivingPage();
    await test.drive.finish();
    await test.page.close();
    expect(test.mod.engine.state.locomotion.moveForward).toBe(1);
    expect(test.mod.engine.journal.changes("driveEnded").map(({ reason }) => reason)).toEqual(["graceful"]);
  });
});
