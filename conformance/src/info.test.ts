import { Code } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { codeOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";

const platforms = ["unspecified", "windows", "osx", "linux", "android", "other"] as const;

describe.each(transports)("info over $name", ({ open }) => {
  it("tells all that the mod says about itself", async () => {
    const info = {
      modVersion: "1.2.3-test",
      engineVersion: "2025.1.1.1",
      platform: "linux",
      isWine: true,
      rendererPid: 4343,
    } as const;
    await using test = await open({ scenario: { info } });
    expect(await test.resonite.info.getServerInfo()).toEqual({ ...info, resonitePid: process.pid });
  });

  it.each(platforms)("knows the platform '%s'", async (platform) => {
    await using test = await open({ scenario: { info: { platform } } });
    expect((await test.resonite.info.getServerInfo()).platform).toBe(platform);
  });

  it("has 0 for a renderer that is not there", async () => {
    await using test = await open({ scenario: { info: { rendererPid: 0 } } });
    expect((await test.resonite.info.getServerInfo()).rendererPid).toBe(0);
  });

  it("needs no engine that is ready", async () => {
    await using test = await open({ faults: { bootMs: 60_000 } });
    expect((await test.resonite.info.getServerInfo()).modVersion).toBe("0.7.0");
  });

  it("lets Unimplemented through, by which an old mod is known", async () => {
    await using test = await open({ faults: { unimplemented: ["info.getServerInfo"] } });
    expect(await codeOf(test.resonite.info.getServerInfo())).toBe(Code.Unimplemented);
    expect(await test.resonite.supports("info.getServerInfo")).toBe(false);
  });
});
