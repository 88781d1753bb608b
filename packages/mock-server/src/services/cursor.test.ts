import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { RawClient, statusOf } from "../testing/raw-client.js";
import { setCursor } from "../testing/set-cursor.js";

const { setPosition, getPosition, release } = services.cursor.method;
const never = new AbortController().signal;
const twoWorlds = { openWorlds: [{ name: "Home" }, { name: "Gallery" }] };

async function read(test: OpenMod) {
  const { x, y, held } = await test.raw.unary(getPosition, {});
  return { x, y, held };
}

async function focus(test: OpenMod, name: string): Promise<void> {
  const focused = test.engine.worlds.focus(test.engine.worlds.byName(name).handle, never);
  await test.clock.advance(200);
  await focused;
}

describe("Cursor", () => {
  it("holds the cursor where it is put", async () => {
    await using test = await openMod({ scenario: { display: { width: 1920, height: 1080 } } });
    const expected = { x: 0.5, y: 0.25, windowWidth: 1920, windowHeight: 1080, held: true };
    expect(await setCursor(test, 0.5, 0.25)).toMatchObject(expected);
    expect(await test.raw.unary(getPosition, {})).toMatchObject(expected);
  });

  it("follows the pointer of the operating system while it is not held", async () => {
    await using test = await openMod();
    expect(await read(test)).toEqual({ x: 0.5, y: 0.5, held: false });
    test.engine.cursor.setPointer({ x: 0.25, y: 0.75 });
    expect(await read(test)).toEqual({ x: 0.25, y: 0.75, held: false });

    await setCursor(test, 0.5, 0.5);
    test.engine.cursor.setPointer({ x: 0, y: 0 });
    expect(await read(test)).toEqual({ x: 0.5, y: 0.5, held: true });
    expect(await test.raw.unary(release, {})).toMatchObject({ x: 0, y: 0, held: false });
  });

  it.each([
    [0, 0, 0, 0],
    [1, 1, 99 / 100, 49 / 50],
    [0.333, 0.333, 33 / 100, 17 / 50],
    [0.999, 0.001, 99 / 100, 0],
  ])("puts (%d, %d) on the pixel at (%d, %d) of a window of 100 x 50", async (x, y, pixelX, pixelY) => {
    await using test = await openMod({ scenario: { display: { width: 100, height: 50 } } });
    const state = await setCursor(test, x, y);
    expect(state.x).toBe(Math.fround(pixelX));
    expect(state.y).toBe(Math.fround(pixelY));
  });

  it("answers when the engine has moved the cursor", async () => {
    await using test = await openMod();
    const call = test.raw.unary(setPosition, { x: 0.25, y: 0.25 });
    await test.engine.until(({ journal }) => journal.changes("cursorHeld").length === 1);
    // Held already, but not there before the next tick.
    expect(await read(test)).toEqual({ x: 0.5, y: 0.5, held: true });
    await test.clock.advance(40);
    expect(await call).toMatchObject({ x: 0.25, y: 0.25, held: true });
  });

  it("answers with what there is after 320 ms when the cursor does not get there", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    const call = test.raw.unary(setPosition, { x: 0.25, y: 0.25 });
    await test.engine.until(({ journal }) => journal.changes("cursorHeld").length === 1);
    const focused = test.engine.worlds.focus(test.engine.worlds.byName("Gallery").handle, never);
    await test.clock.advance(310);
    await focused;
    expect(test.engine.journal.calls("cursor.setPosition")).toHaveLength(0);
    await test.clock.advance(20);
    expect(await call).toMatchObject({ x: 0.5, y: 0.5, held: false });
  });

  it("keeps one hold for all callers: the last one wins, and anybody can release it", async () => {
    await using test = await openMod();
    using other = new RawClient(test.mod.socketPath);
    await setCursor(test, 0.25, 0.25);
    expect(await other.unary(getPosition, {})).toMatchObject({ x: 0.25, y: 0.25, held: true });
    await setCursor(test, 0.75, 0.5, other);
    expect(await read(test)).toEqual({ x: 0.75, y: 0.5, held: true });
    expect(await other.unary(release, {})).toMatchObject({ held: false });
    expect(await read(test)).toEqual({ x: 0.5, y: 0.5, held: false });
  });

  it("keeps the hold of a caller whose connection is gone", async () => {
    await using test = await openMod();
    {
      using other = new RawClient(test.mod.socketPath);
      await setCursor(test, 0.25, 0.25, other);
    }
    expect(await read(test)).toEqual({ x: 0.25, y: 0.25, held: true });
  });

  it("keeps the hold when the wait for it is cancelled", async () => {
    await using test = await openMod();
    const controller = new AbortController();
    const call = test.engine.cursor.holdAndWait({ x: 0.25, y: 0.25 }, controller.signal);
    controller.abort(new Error("cancelled"));
    await expect(call).rejects.toThrow("cancelled");
    await test.clock.advance(20);
    expect(await read(test)).toEqual({ x: 0.25, y: 0.25, held: true });
  });

  it("rests while another world is focused, and works again on return", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    await setCursor(test, 0.25, 0.25);
    await focus(test, "Gallery");
    expect(await read(test)).toEqual({ x: 0.5, y: 0.5, held: false });
    await focus(test, "Home");
    expect(await read(test)).toEqual({ x: 0.25, y: 0.25, held: true });
  });

  it("is replaced by a hold in another world, and released from there", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    await setCursor(test, 0.25, 0.25);
    await focus(test, "Gallery");
    await setCursor(test, 0.75, 0.75);
    await focus(test, "Home");
    expect(await read(test)).toEqual({ x: 0.5, y: 0.5, held: false });
    expect(await test.raw.unary(release, {})).toMatchObject({ held: false });
    await focus(test, "Gallery");
    expect(await read(test)).toEqual({ x: 0.5, y: 0.5, held: false });
  });

  it("is gone with its world", async () => {
    await using test = await openMod({ scenario: twoWorlds });
    await setCursor(test, 0.25, 0.25);
    test.engine.worlds.leave(test.engine.worlds.byName("Home").handle);
    expect(await read(test)).toEqual({ x: 0.5, y: 0.5, held: false });
  });

  it("can be released when nothing is held", async () => {
    await using test = await openMod();
    expect(await test.raw.unary(release, {})).toMatchObject({ held: false });
    expect(test.engine.journal.changes("cursorReleased")).toEqual([]);
  });

  it("is read without a change", async () => {
    await using test = await openMod();
    await setCursor(test, 0.25, 0.25);
    const before = test.engine.snapshot().cursor;
    await read(test);
    expect(test.engine.state.cursor).toEqual(before);
  });

  it.each([
    [1.5, 0.5],
    [-0.1, 0.5],
    [0.5, 2],
    [0.5, -0.5],
    [Number.NaN, 0.5],
    [0.5, Number.NaN],
    [Number.POSITIVE_INFINITY, 0.5],
  ])("refuses (%d, %d) with INVALID_ARGUMENT, even without a bridge", async (x, y) => {
    await using test = await openMod();
    for (const absentBridges of [[], ["cursor"]] as const) {
      test.mod.faults.set({ absentBridges: [...absentBridges] });
      expect((await statusOf(test.raw.unary(setPosition, { x, y }))).code).toBe("INVALID_ARGUMENT");
    }
    expect(test.engine.journal.changes("cursorHeld")).toEqual([]);
    expect(() => test.engine.cursor.hold({ x, y })).toThrow("is not within the window");
  });

  it("fails with FAILED_PRECONDITION without a focused world and while the engine is starting", async () => {
    await using test = await openMod({ scenario: { openWorlds: [] } });
    const expected = { code: "FAILED_PRECONDITION", details: "No world is focused." };
    expect(await statusOf(test.raw.unary(setPosition, { x: 0.5, y: 0.5 }))).toEqual(expected);
    expect(await statusOf(test.raw.unary(getPosition, {}))).toEqual(expected);
    expect(await statusOf(test.raw.unary(release, {}))).toEqual(expected);

    await using booting = await openMod({ faults: { bootMs: 1000 } });
    expect((await statusOf(booting.raw.unary(getPosition, {}))).code).toBe("FAILED_PRECONDITION");
    expect((await statusOf(booting.raw.unary(release, {}))).code).toBe("FAILED_PRECONDITION");
  });

  it("fails with UNAVAILABLE without a bridge and with INTERNAL when it throws", async () => {
    await using test = await openMod();
    for (const call of [
      () => test.raw.unary(setPosition, { x: 0.5, y: 0.5 }),
      () => test.raw.unary(getPosition, {}),
      () => test.raw.unary(release, {}),
    ]) {
      test.mod.faults.set({ absentBridges: ["cursor"], throwingBridges: [] });
      expect(await statusOf(call())).toEqual({ code: "UNAVAILABLE", details: "Cursor bridge is not configured." });
      test.mod.faults.set({ absentBridges: [], throwingBridges: ["cursor"] });
      expect(await statusOf(call())).toEqual({
        code: "INTERNAL",
        details: "Cursor bridge faulted: injected bridge fault",
      });
    }
  });
});
