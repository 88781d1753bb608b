import { services } from "@resoio/core";
import { ContextMenuHand } from "@resoio/core/gen/resonite_io/v1/context_menu_pb";
import { describe, expect, it } from "vitest";
import type { MenuSide } from "../engine/context-menus.js";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

const { open, close, getState, highlight, invoke } = services.contextMenu.method;
const { UNSPECIFIED, PRIMARY, LEFT, RIGHT } = ContextMenuHand;

const scenario = {
  openWorlds: [{ name: "Home" }, { name: "Gallery" }],
  menuItems: [
    { label: "Undo", enabled: false, colour: [0.5, 0.25, 1, 0] },
    { label: "Locomotion", action: [{ label: "Walk" }, { label: "Fly", action: [{ label: "" }] }] },
    { label: "Laser", action: "stay", hasIcon: false },
    { label: "Title", hasButton: false },
    { label: "Close", action: "close" },
  ],
} as const satisfies ScenarioInput;

const closed = { isOpen: false, items: [], highlightedIndex: -1 };

/** Opens the menu of a hand, which takes 50 ms. */
async function openMenu(test: OpenMod, hand: ContextMenuHand) {
  const count = test.engine.journal.calls("contextMenu.open").length;
  const opening = test.raw.unary(open, { hand });
  const isOver = ({ journal }: OpenMod["engine"]): boolean => journal.calls("contextMenu.open").length > count;
  const isUnderWay = ({ state }: OpenMod["engine"]): boolean =>
    Object.values(state.contextMenus).some((menu) => menu !== undefined && menu.openAtMs > test.clock.nowMs());
  await test.engine.until((engine) => isOver(engine) || isUnderWay(engine));
  await test.clock.advance(50);
  return await opening;
}

/** Presses an item and lets `ms` pass, counted from the press. */
async function press(test: OpenMod, request: { readonly hand: ContextMenuHand; readonly index: number }, ms: number) {
  const count = test.engine.journal.changes("contextMenuPressed").length;
  const pressing = test.raw.unary(invoke, request);
  await test.engine.until(({ journal }) => journal.changes("contextMenuPressed").length > count);
  await test.clock.advance(ms);
  return await pressing;
}

describe("context menu", () => {
  it("MS1 opens the menu of a hand with its items", async () => {
    await using test = await openMod({ scenario });
    const state = await openMenu(test, LEFT);
    expect(state).toMatchObject({ isOpen: true, highlightedIndex: -1 });
    expect(state.items).toMatchObject([
      { index: 0, label: "Undo", enabled: false, hasIcon: true, colorR: 0.5, colorG: 0.25, colorB: 1, colorA: 0 },
      { index: 1, label: "Locomotion", enabled: true, hasIcon: true, colorR: 1, colorG: 1, colorB: 1, colorA: 1 },
      { index: 2, label: "Laser", enabled: true, hasIcon: false },
      { index: 3, label: "Title", enabled: false },
      { index: 4, label: "Close", enabled: true },
    ]);
    expect(test.engine.contextMenus.get("left")?.items).toHaveLength(5);
    expect(test.engine.contextMenus.get("right")).toBeUndefined();
    await test.raw.unary(highlight, { hand: LEFT, index: 1 });
    expect(await test.raw.unary(getState, { hand: LEFT })).toMatchObject({ highlightedIndex: 1, items: state.items });
  });

  it("is closed until it is fully open", async () => {
    await using test = await openMod({ scenario });
    const opening = test.raw.unary(open, { hand: RIGHT });
    await test.engine.until(({ state }) => state.contextMenus.right !== undefined);
    await test.clock.advance(49);
    expect(await test.raw.unary(getState, { hand: RIGHT })).toMatchObject(closed);
    await test.clock.advance(1);
    expect((await opening).isOpen).toBe(true);
  });

  it("MS2 closes the menu of a hand and leaves the other alone", async () => {
    await using test = await openMod({ scenario });
    await openMenu(test, RIGHT);
    await openMenu(test, LEFT);
    expect(await test.raw.unary(close, { hand: RIGHT })).toMatchObject(closed);
    expect(await test.raw.unary(getState, { hand: RIGHT })).toMatchObject(closed);
    expect((await test.raw.unary(getState, { hand: LEFT })).isOpen).toBe(true);
  });

  it("MS3 ME1 tells the state and changes nothing", async () => {
    await using test = await openMod({ scenario });
    expect(await test.raw.unary(getState, { hand: PRIMARY })).toMatchObject(closed);
    const state = await openMenu(test, PRIMARY);
    const before = test.engine.snapshot().contextMenus;
    expect(await test.raw.unary(getState, { hand: PRIMARY })).toEqual(state);
    expect(test.engine.snapshot().contextMenus).toEqual(before);
  });

  it("MS4 ME4 highlights one item and no other, disabled or not", async () => {
    await using test = await openMod({ scenario });
    await openMenu(test, LEFT);
    for (const index of [1, 0, 4, 3]) {
      const state = await test.raw.unary(highlight, { hand: LEFT, index });
      expect(state).toMatchObject({ isOpen: true, highlightedIndex: index });
      expect(state.items).toHaveLength(5);
    }
    expect((await test.raw.unary(getState, { hand: LEFT })).highlightedIndex).toBe(3);
    expect(test.engine.journal.changes("contextMenuPressed")).toEqual([]);
  });

  it("MS5 ME6 presses an item of the hand", async () => {
    await using test = await openMod({ scenario });
    await openMenu(test, RIGHT);
    await test.raw.unary(highlight, { hand: RIGHT, index: 2 });
    expect(await press(test, { hand: RIGHT, index: 2 }, 100)).toMatchObject({ isOpen: true, highlightedIndex: 2 });
    expect(test.engine.journal.changes("contextMenuPressed")).toMatchObject([
      { side: "right", index: 2, label: "Laser" },
    ]);
  });

  it("opens submenus, without a highlight", async () => {
    await using test = await openMod({ scenario });
    await openMenu(test, RIGHT);
    await test.raw.unary(highlight, { hand: RIGHT, index: 1 });
    const submenu = await press(test, { hand: RIGHT, index: 1 }, 100);
    expect(submenu).toMatchObject({ isOpen: true, highlightedIndex: -1 });
    expect(submenu.items.map(({ index, label }) => [index, label])).toEqual([
      [0, "Walk"],
      [1, "Fly"],
    ]);
    expect((await press(test, { hand: RIGHT, index: 1 }, 100)).items.map(({ label }) => label)).toEqual([""]);
    expect((await test.raw.unary(open, { hand: RIGHT })).items).toHaveLength(1);
    await test.raw.unary(close, { hand: RIGHT });
    expect((await openMenu(test, RIGHT)).items).toHaveLength(5);
  });

  it("waits 2.1 s when the item closed the menu", async () => {
    await using test = await openMod({ scenario });
    await openMenu(test, RIGHT);
    const pressing = test.raw.unary(invoke, { hand: RIGHT, index: 4 });
    await test.engine.until(({ journal }) => journal.changes("contextMenuClosed").length > 0);
    await test.clock.advance(2099);
    expect(await test.raw.unary(getState, { hand: RIGHT })).toMatchObject(closed);
    expect(test.engine.journal.calls("contextMenu.invoke")).toEqual([]);
    await test.clock.advance(1);
    expect(await pressing).toMatchObject(closed);
  });

  it("returns the menu that somebody else opens meanwhile", async () => {
    await using test = await openMod({ scenario });
    await openMenu(test, RIGHT);
    const pressing = test.raw.unary(invoke, { hand: RIGHT, index: 4 });
    await test.engine.until(({ journal }) => journal.changes("contextMenuClosed").length > 0);
    await test.clock.advance(500);
    expect((await openMenu(test, RIGHT)).isOpen).toBe(true);
    await test.clock.advance(50);
    expect((await pressing).items).toHaveLength(5);
  });

  it("does nothing when a disabled item is pressed", async () => {
    await using test = await openMod({ scenario });
    const state = await openMenu(test, RIGHT);
    const pressing = test.raw.unary(invoke, { hand: RIGHT, index: 0 });
    // The press shows nowhere, so the call after it tells that it has arrived.
    await test.raw.unary(getState, { hand: RIGHT });
    await test.clock.advance(100);
    expect(await pressing).toEqual(state);
    expect(test.engine.journal.changes("contextMenuPressed")).toEqual([]);
  });

  it.each<readonly [hand: number, primaryHand: MenuSide, side: MenuSide]>([
    [99, "right", "right"],
    [UNSPECIFIED, "right", "right"],
    [PRIMARY, "right", "right"],
    [UNSPECIFIED, "left", "left"],
    [PRIMARY, "left", "left"],
    [LEFT, "right", "left"],
    [RIGHT, "left", "right"],
  ])("MS6 takes hand %d with the primary hand %s for %s", async (hand, primaryHand, side) => {
    await using test = await openMod({ scenario: { ...scenario, primaryHand } });
    expect((await openMenu(test, hand)).isOpen).toBe(true);
    const other: MenuSide = side === "left" ? "right" : "left";
    expect(test.engine.contextMenus.get(side)?.items).toHaveLength(5);
    expect(test.engine.contextMenus.get(other)).toBeUndefined();
  });

  it("MS7 answers UNAVAILABLE without a bridge", async () => {
    await using test = await openMod({ faults: { absentBridges: ["contextMenu"] } });
    expect((await statusOf(test.raw.unary(open, {}))).code).toBe("UNAVAILABLE");
  });

  it("MS8 answers FAILED_PRECONDITION without a focused world", async () => {
    await using test = await openMod({ scenario: { openWorlds: [] } });
    const calls = [
      test.raw.unary(open, {}),
      test.raw.unary(close, {}),
      test.raw.unary(getState, {}),
      test.raw.unary(highlight, {}),
      test.raw.unary(invoke, {}),
    ];
    for (const call of calls) {
      expect(await statusOf(call)).toEqual({ code: "FAILED_PRECONDITION", details: "No world is focused." });
    }
  });

  it("MS8 answers FAILED_PRECONDITION while the engine starts", async () => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    expect((await statusOf(test.raw.unary(open, {}))).code).toBe("FAILED_PRECONDITION");
  });

  it.each([99, 5, -1])("MS9 refuses the index %d", async (index) => {
    await using test = await openMod({ scenario });
    await openMenu(test, PRIMARY);
    expect((await statusOf(test.raw.unary(highlight, { index }))).code).toBe("INVALID_ARGUMENT");
    expect((await statusOf(test.raw.unary(invoke, { index }))).code).toBe("INVALID_ARGUMENT");
  });

  it("refuses to press an item without a button", async () => {
    await using test = await openMod({ scenario });
    await openMenu(test, PRIMARY);
    expect((await statusOf(test.raw.unary(invoke, { index: 3 }))).code).toBe("FAILED_PRECONDITION");
  });

  it("MS10 answers INTERNAL when the bridge throws", async () => {
    await using test = await openMod({ faults: { throwingBridges: ["contextMenu"] } });
    expect((await statusOf(test.raw.unary(invoke, {}))).code).toBe("INTERNAL");
  });

  it.each([0, 99, -1])("MS11 refuses to highlight or press item %d of a closed menu", async (index) => {
    await using test = await openMod({ scenario });
    expect((await statusOf(test.raw.unary(highlight, { index }))).code).toBe("FAILED_PRECONDITION");
    expect((await statusOf(test.raw.unary(invoke, { index }))).code).toBe("FAILED_PRECONDITION");
  });

  it("MS11 ME2 ME3 ME5 leaves an open menu as it is, and a closed one closed", async () => {
    await using test = await openMod({ scenario });
    expect(await test.raw.unary(close, {})).toMatchObject(closed);
    await openMenu(test, PRIMARY);
    const highlighted = await test.raw.unary(highlight, { index: 1 });
    expect(await test.raw.unary(open, {})).toEqual(highlighted);
    expect(await test.raw.unary(getState, {})).toEqual(highlighted);
    expect(await test.raw.unary(close, {})).toMatchObject(closed);
    expect(await test.raw.unary(close, {})).toMatchObject(closed);
  });

  it("closes when another world gets the focus, and stays closed on return", async () => {
    await using test = await openMod({ scenario });
    const { worlds } = test.engine;
    const focus = async (name: string): Promise<void> => {
      const { handle } = worlds.byName(name);
      const focusing = test.raw.unary(services.world.method.focus, { handle });
      // The wish shows nowhere, so the answer to the next call tells that it has arrived.
      await test.raw.unary(getState, {});
      await test.clock.advance(100);
      await focusing;
    };
    await openMenu(test, LEFT);
    await focus("Gallery");
    expect(await test.raw.unary(getState, { hand: LEFT })).toMatchObject(closed);
    expect((await statusOf(test.raw.unary(highlight, { hand: LEFT }))).code).toBe("FAILED_PRECONDITION");
    await focus("Home");
    expect(await test.raw.unary(getState, { hand: LEFT })).toMatchObject(closed);
  });

  it("gives up after 2 s when the menu does not open", async () => {
    await using test = await openMod({ scenario });
    const opening = test.raw.unary(open, {});
    await test.engine.until(({ state }) => state.contextMenus.right !== undefined);
    await test.raw.unary(close, {});
    await test.clock.advance(2000);
    expect(await opening).toMatchObject(closed);
  });
});
