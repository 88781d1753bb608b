import { services } from "@resoio/core";
import { ServerPlatform } from "@resoio/core/gen/resonite_io/v1/info_pb";
import { describe, expect, it } from "vitest";
import { openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

const { getServerInfo } = services.info.method;

describe("info", () => {
  it("tells all that the scenario says, and the process that runs the simulation", async () => {
    const info = { modVersion: "1.2.3-test", engineVersion: "2025.1.1.1", isWine: true, rendererPid: 4343 };
    await using test = await openMod({ scenario: { info: { ...info, platform: "linux" } } });
    expect(await test.raw.unary(getServerInfo, {})).toMatchObject({
      ...info,
      platform: ServerPlatform.LINUX,
      resonitePid: process.pid,
    });
  });

  it.each([
    ["unspecified", ServerPlatform.UNSPECIFIED],
    ["windows", ServerPlatform.WINDOWS],
    ["osx", ServerPlatform.OSX],
    ["linux", ServerPlatform.LINUX],
    ["android", ServerPlatform.ANDROID],
    ["other", ServerPlatform.OTHER],
  ] as const)("tells the platform %s", async (platform, wire) => {
    await using test = await openMod({ scenario: { info: { platform } } });
    expect((await test.raw.unary(getServerInfo, {})).platform).toBe(wire);
  });

  it("names the process that the socket is named after", async () => {
    await using test = await openMod();
    const { resonitePid } = await test.raw.unary(getServerInfo, {});
    expect(test.mod.socketPath.endsWith(`/resonite-${resonitePid}.sock`)).toBe(true);
  });

  it("is a native Linux engine without a renderer when nothing else is said", async () => {
    await using test = await openMod();
    expect(await test.raw.unary(getServerInfo, {})).toMatchObject({
      platform: ServerPlatform.LINUX,
      isWine: false,
      rendererPid: 0,
    });
  });

  it("answers while the engine is starting, and the same later", async () => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    const early = await test.raw.unary(getServerInfo, {});
    await test.clock.advance(5000);
    expect(await test.raw.unary(getServerInfo, {})).toEqual(early);
  });

  it("fails with UNAVAILABLE without its bridge", async () => {
    await using test = await openMod({ faults: { absentBridges: ["info"] } });
    expect(await statusOf(test.raw.unary(getServerInfo, {}))).toEqual({
      code: "UNAVAILABLE",
      details: "Info bridge is not configured.",
    });
  });

  it("fails with UNKNOWN, saying nothing of the cause, when its bridge throws", async () => {
    await using test = await openMod({ faults: { throwingBridges: ["info"] } });
    expect(await statusOf(test.raw.unary(getServerInfo, {}))).toEqual({
      code: "UNKNOWN",
      details: "Exception was thrown by handler.",
    });
  });

  it("is UNIMPLEMENTED in an old mod", async () => {
    await using test = await openMod({ faults: { unimplemented: ["info.getServerInfo"] } });
    expect((await statusOf(test.raw.unary(getServerInfo, {}))).code).toBe("UNIMPLEMENTED");
  });
});
