import { Code, type DisplayApplyOptions, InvalidOptionsError } from "@resoio/core";
import { createVirtualClock } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { codeOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";

const scenario = { display: { settleMs: 0 } };

describe.each(transports)("display over $name", ({ open }) => {
  it("applies all settings and tells them", async () => {
    await using test = await open({ scenario });
    const { display } = test.resonite;
    expect(await display.apply({ width: 1920, height: 1080, maxFps: 120 })).toBeUndefined();
    expect(await display.get()).toEqual({ width: 1920, height: 1080, maxFps: 120 });
    expect(requestsOf(test.mod, "display.apply")).toMatchObject([{ width: 1920, height: 1080, maxFps: 120 }]);
  });

  it("leaves what is not named as it is, and sends 0 for it", async () => {
    await using test = await open({ scenario });
    const { display } = test.resonite;
    await display.apply({ maxFps: 120 });
    expect(await display.get()).toEqual({ width: 1280, height: 720, maxFps: 120 });
    await display.apply({ width: 1024 });
    expect(await display.get()).toEqual({ width: 1024, height: 720, maxFps: 120 });
    expect(requestsOf(test.mod, "display.apply")).toMatchObject([
      { width: 0, height: 0, maxFps: 120 },
      { width: 1024, height: 0, maxFps: 0 },
    ]);
  });

  it("has its frame rate cut down to a whole number by the mod", async () => {
    await using test = await open({ scenario });
    await test.resonite.display.apply({ maxFps: 59.75 });
    expect((await test.resonite.display.get()).maxFps).toBe(59);
  });

  it("shows the old settings until the new ones have settled", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: { display: { settleMs: 500 } }, clock });
    const { display } = test.resonite;
    await display.apply({ width: 1024, height: 768 });
    expect(await display.get()).toMatchObject({ width: 1280, height: 720 });
    await clock.advance(600);
    expect(await display.get()).toMatchObject({ width: 1024, height: 768 });
  });

  it("changes nothing by being read", async () => {
    await using test = await open({ scenario });
    expect(await test.resonite.display.get()).toEqual({ width: 1280, height: 720, maxFps: 60 });
    expect(callsOf(test.mod)).toEqual(["display.get"]);
  });

  it("gives the camera's frames their size", async () => {
    await using test = await open({ scenario });
    await test.resonite.display.apply({ width: 40, height: 30 });
    expect(await test.resonite.camera.shot()).toMatchObject({ width: 40, height: 30 });
  });

  it("takes an explicit 0, for which not even the engine has to be ready", async () => {
    await using test = await open({ scenario, faults: { bootMs: 60_000 } });
    await test.resonite.display.apply({ width: 0 });
    expect(await codeOf(test.resonite.display.apply({ width: 800 }))).toBe(Code.FailedPrecondition);
    expect(await codeOf(test.resonite.display.get())).toBe(Code.FailedPrecondition);
  });

  it.each<DisplayApplyOptions>([
    {},
    { width: -1 },
    { height: 0.5 },
    { width: 2 ** 32 },
    { maxFps: 0.5 },
    { maxFps: -1 },
    { maxFps: Number.NaN },
  ])("refuses %j without a call", async (options) => {
    await using test = await open({ scenario });
    await expect(test.resonite.display.apply(options)).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(callsOf(test.mod)).toEqual([]);
  });
});
