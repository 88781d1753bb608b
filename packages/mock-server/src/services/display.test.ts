import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

const { apply, get } = services.display.method;

async function read(test: OpenMod) {
  const { width, height, maxFps } = await test.raw.unary(get, {});
  return { width, height, maxFps };
}

describe("Display", () => {
  it("returns what was applied, and for 0 what was before", async () => {
    await using test = await openMod();
    expect(await read(test)).toEqual({ width: 1280, height: 720, maxFps: 60 });
    await test.raw.unary(apply, { width: 1920, height: 1080, maxFps: 120 });
    await test.clock.advance(150);
    expect(await read(test)).toEqual({ width: 1920, height: 1080, maxFps: 120 });
    await test.raw.unary(apply, { maxFps: 30 });
    await test.clock.advance(150);
    expect(await read(test)).toEqual({ width: 1920, height: 1080, maxFps: 30 });
    expect(test.engine.journal.changes("displayChanged")).toHaveLength(2);
  });

  it("goes on returning the old values until the change has settled", async () => {
    await using test = await openMod({ scenario: { display: { settleMs: 500 } } });
    await test.raw.unary(apply, { width: 800, height: 600 });
    await test.clock.advance(450);
    expect(await read(test)).toEqual({ width: 1280, height: 720, maxFps: 60 });
    await test.clock.advance(100);
    expect(await read(test)).toEqual({ width: 800, height: 600, maxFps: 60 });
  });

  it("returns the new values at once when there is nothing to settle", async () => {
    await using test = await openMod({ scenario: { display: { settleMs: 0 } } });
    await test.raw.unary(apply, { width: 800, height: 600 });
    expect(await read(test)).toMatchObject({ width: 800, height: 600 });
  });

  it("fills a side that is missing from what was asked for last, settled or not", async () => {
    await using test = await openMod();
    await test.raw.unary(apply, { width: 1600 });
    await test.raw.unary(apply, { height: 900 });
    await test.clock.advance(150);
    expect(await read(test)).toMatchObject({ width: 1600, height: 900 });
  });

  it.each([
    [144.9, 144],
    [59.999, 59],
    [0.5, 0],
    [0, 60],
    [-30, 60],
    [Number.NaN, 60],
    [Number.NEGATIVE_INFINITY, 60],
  ])("takes a cap of %d for %d", async (maxFps, expected) => {
    await using test = await openMod();
    await test.raw.unary(apply, { maxFps });
    await test.clock.advance(150);
    expect(await read(test)).toEqual({ width: 1280, height: 720, maxFps: expected });
  });

  it("does nothing when everything is 0 or as it is", async () => {
    await using test = await openMod();
    await test.raw.unary(apply, {});
    await test.raw.unary(apply, { width: 1280, height: 720, maxFps: 60 });
    await test.clock.advance(1000);
    expect(test.engine.journal.changes("displayChanged")).toEqual([]);
  });

  it.each([
    [100, 50_000],
    [4_294_967_295, 4_294_967_295],
    [8193, 8192],
  ])("accepts %d x %d, but keeps the last window that can be drawn", async (width, height) => {
    await using test = await openMod({ scenario: { display: { width: 40, height: 30 } } });
    await test.raw.unary(apply, { width, height });
    await test.clock.advance(150);
    expect(await read(test)).toMatchObject({ width, height });
    expect(test.engine.draw()).toMatchObject({ width: 40, height: 30 });
    expect(await test.raw.unary(services.cursor.method.getPosition, {})).toMatchObject({
      windowWidth: 40,
      windowHeight: 30,
    });
    await test.raw.unary(apply, { width: 10, height: 20 });
    await test.clock.advance(150);
    expect(test.engine.draw()).toMatchObject({ width: 10, height: 20 });
  });

  it("fails with FAILED_PRECONDITION while the engine is starting", async () => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    expect((await statusOf(test.raw.unary(apply, { maxFps: 30 }))).code).toBe("FAILED_PRECONDITION");
    expect((await statusOf(test.raw.unary(get, {}))).code).toBe("FAILED_PRECONDITION");
    await test.clock.advance(1000);
    expect(await read(test)).toEqual({ width: 1280, height: 720, maxFps: 60 });
  });

  it("fails with UNAVAILABLE without a bridge and with INTERNAL when it throws", async () => {
    await using test = await openMod({ faults: { absentBridges: ["display"] } });
    for (const call of [() => test.raw.unary(apply, {}), () => test.raw.unary(get, {})]) {
      test.mod.faults.set({ absentBridges: ["display"], throwingBridges: [] });
      expect(await statusOf(call())).toEqual({ code: "UNAVAILABLE", details: "Display bridge is not configured." });
      test.mod.faults.set({ absentBridges: [], throwingBridges: ["display"] });
      expect(await statusOf(call())).toEqual({
        code: "INTERNAL",
        details: "Display bridge faulted: injected bridge fault",
      });
    }
  });
});
