import { Code, InvalidOptionsError, Resonite } from "@resoio/core";
import { createVirtualClock } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";

const scenario = { display: { width: 160, height: 100 }, openWorlds: [{ name: "Home" }, { name: "Gallery" }] };

describe.each(transports)("cursor over $name", ({ open }) => {
  it("goes to a position and is held there", async () => {
    await using test = await open({ scenario });
    expect(await test.resonite.cursor.setPosition(0.5, 0.25)).toEqual({
      x: 0.5,
      y: 0.25,
      window: { width: 160, height: 100 },
      held: true,
    });
    expect(requestsOf(test.mod, "cursor.setPosition")).toMatchObject([{ x: 0.5, y: 0.25 }]);
    expect(test.mod.engine.cursor.isHeld).toBe(true);
  });

  it("reports positions in whole pixels of the window, so 1 comes back slightly smaller", async () => {
    await using test = await open({ scenario });
    const { cursor } = test.resonite;
    expect(await cursor.setPosition(1, 1)).toMatchObject({ x: Math.fround(159 / 160), y: Math.fround(99 / 100) });
    expect(await cursor.setPosition(0, 0)).toMatchObject({ x: 0, y: 0 });
    expect(await cursor.setPosition(0.3, 0.7)).toMatchObject({ x: Math.fround(48 / 160), y: Math.fround(70 / 100) });
  });

  it("sends coordinates as 32-bit floats", async () => {
    await using test = await open({ scenario });
    await test.resonite.cursor.setPosition(0.1, 0.9);
    expect(requestsOf(test.mod, "cursor.setPosition")).toMatchObject([{ x: Math.fround(0.1), y: Math.fround(0.9) }]);
  });

  it("is centred at 0.5, 0.5", async () => {
    await using test = await open({ scenario });
    expect(await test.resonite.cursor.center()).toMatchObject({ x: 0.5, y: 0.5, held: true });
    expect(requestsOf(test.mod, "cursor.setPosition")).toMatchObject([{ x: 0.5, y: 0.5 }]);
  });

  it("follows the pointer while it is not held, and only then", async () => {
    await using test = await open({ scenario });
    const { cursor } = test.resonite;
    test.mod.engine.cursor.setPointer({ x: 0.25, y: 0.5 });
    expect(await cursor.getPosition()).toMatchObject({ x: 0.25, y: 0.5, held: false });
    await cursor.setPosition(0.75, 0.5);
    test.mod.engine.cursor.setPointer({ x: 0, y: 0 });
    expect(await cursor.getPosition()).toMatchObject({ x: 0.75, y: 0.5, held: true });
  });

  it("is released once or more often, and lets other RPCs alone", async () => {
    await using test = await open({ scenario });
    const { cursor } = test.resonite;
    await cursor.setPosition(0.25, 0.5);
    expect(await cursor.release()).toMatchObject({ x: 0.5, y: 0.5, held: false });
    expect(await cursor.release()).toMatchObject({ held: false });
    expect(await cursor.getPosition()).toMatchObject({ held: false });
    expect(callsOf(test.mod)).toEqual(["cursor.setPosition", "cursor.release", "cursor.release", "cursor.getPosition"]);
    expect(test.mod.engine.journal.changes("cursorReleased")).toHaveLength(1);
  });

  it.each([
    [1.5, 0.5],
    [-0.1, 0.5],
    [0.5, 2],
    [0.5, -0.5],
    [Number.NaN, 0.5],
  ])("refuses (%d, %d) without a call, and so would the mod", async (x, y) => {
    await using test = await open({ scenario, faults: { absentBridges: ["cursor"] } });
    await expect(test.resonite.cursor.setPosition(x, y)).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(callsOf(test.mod)).toEqual([]);
    // Even before the mod looks for its bridge.
    expect(await codeOf(test.resonite.rpc.cursor.setPosition({ x, y }))).toBe(Code.InvalidArgument);
  });

  it("has one hold for everybody, of which the last one counts", async () => {
    await using test = await open({ scenario });
    const other = new Resonite(test.mod.transport());
    await test.resonite.cursor.setPosition(0.25, 0.5);
    expect(await other.cursor.getPosition()).toMatchObject({ x: 0.25, held: true });
    await other.cursor.setPosition(0.75, 0.5);
    await other.close();
    expect(await test.resonite.cursor.getPosition()).toMatchObject({ x: 0.75, held: true });
  });

  it("is not held while another world is focused, and again on return", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { cursor, world } = test.resonite;
    const { worlds } = test.mod.engine;
    await whileTimePasses(clock, cursor.setPosition(0.25, 0.5));
    await whileTimePasses(clock, world.focus(worlds.byName("Gallery").handle));
    expect(await cursor.getPosition()).toMatchObject({ x: 0.5, held: false });
    await whileTimePasses(clock, world.focus(worlds.byName("Home").handle));
    expect(await cursor.getPosition()).toMatchObject({ x: 0.25, held: true });
  });

  it("drops the hold of the old world when it is held in another", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { cursor, world } = test.resonite;
    const { worlds } = test.mod.engine;
    await whileTimePasses(clock, cursor.setPosition(0.25, 0.5));
    await whileTimePasses(clock, world.focus(worlds.byName("Gallery").handle));
    await whileTimePasses(clock, cursor.setPosition(0.75, 0.5));
    await whileTimePasses(clock, world.focus(worlds.byName("Home").handle));
    expect(await cursor.getPosition()).toMatchObject({ x: 0.5, held: false });
  });

  it("stays held when the call that holds it is cancelled while it waits", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const aborting = new AbortController();
    const holding = codeOf(test.resonite.cursor.setPosition(0.25, 0.5, { signal: aborting.signal }));
    await test.mod.engine.until(({ journal }) => journal.changes("cursorHeld").length === 1);
    aborting.abort();
    expect(await holding).toBe(Code.Canceled);
    await clock.advance(20);
    expect(await test.resonite.cursor.getPosition()).toMatchObject({ x: 0.25, held: true });
  });

  it("needs a focused world", async () => {
    await using test = await open({ scenario: { ...scenario, openWorlds: [] } });
    const { cursor } = test.resonite;
    const calls = [cursor.setPosition(0.5, 0.5), cursor.getPosition(), cursor.release()];
    const refused = "FailedPrecondition: No world is focused.";
    expect(await Promise.all(calls.map(statusOf))).toEqual([refused, refused, refused]);
  });
});
