import {
  AmbiguousMatchError,
  Code,
  type ContextMenuClient,
  type ContextMenuHand,
  InvalidOptionsError,
  NoMatchError,
} from "@resoio/core";
import { createVirtualClock, type MockModOptions, type ScenarioInput, type VirtualClock } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { type ConnectedMod, transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";

const scenario = {
  openWorlds: [{ name: "Home" }, { name: "Hall" }],
  menuItems: [
    { label: "Move", colour: [0.5, 0.25, 1, 0], hasIcon: false },
    { label: "Locomotion", action: [{ label: "Walk" }, { label: "Fly", action: "stay" }] },
    { label: "Disabled", enabled: false },
    { label: "Stay", action: "stay" },
    { label: "", hasButton: false },
  ],
} satisfies ScenarioInput;

const closed = { isOpen: false, items: [], highlightedIndex: undefined };

interface Menu {
  readonly test: ConnectedMod;
  readonly menu: ContextMenuClient;
  readonly clock: VirtualClock;
}

describe.each(transports)("context menu over $name", ({ open }) => {
  /** Runs a test on a mod whose clock moves when the test lets it. */
  async function withMenu(run: (menu: Menu) => Promise<void>, options: MockModOptions = {}): Promise<void> {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock, ...options });
    await run({ test, menu: test.resonite.contextMenu, clock });
  }

  it("ME1 MC2 MC3 is closed, and stays so when it is closed again or only looked at", () =>
    withMenu(async ({ test, menu }) => {
      expect(await menu.getState()).toEqual(closed);
      expect(await menu.close()).toEqual(closed);
      expect(callsOf(test.mod)).toEqual(["contextMenu.getState", "contextMenu.close"]);
      expect(test.mod.engine.journal.entries.filter(({ kind }) => kind === "change")).toEqual([]);
    }));

  it("ME2 MC1 opens with its items in order, with all that is known of them", () =>
    withMenu(async ({ test, menu, clock }) => {
      const item = { enabled: true, hasIcon: true, color: { r: 1, g: 1, b: 1, a: 1 } };
      expect(await whileTimePasses(clock, menu.open())).toEqual({
        isOpen: true,
        items: [
          { ...item, index: 0, label: "Move", hasIcon: false, color: { r: 0.5, g: 0.25, b: 1, a: 0 } },
          { ...item, index: 1, label: "Locomotion" },
          { ...item, index: 2, label: "Disabled", enabled: false },
          { ...item, index: 3, label: "Stay" },
          { ...item, index: 4, label: "", enabled: false },
        ],
        highlightedIndex: undefined,
      });
      expect(requestsOf(test.mod, "contextMenu.open")).toMatchObject([{ hand: 1 }]);
    }));

  it("ME3 stays as it is when it is opened again", () =>
    withMenu(async ({ test, menu, clock }) => {
      await whileTimePasses(clock, menu.open());
      const state = await menu.highlight(1);
      expect(await menu.open()).toEqual(state);
      expect(await menu.getState()).toEqual(state);
      expect(test.mod.engine.journal.changes("contextMenuOpened")).toHaveLength(1);
    }));

  it.each<[ContextMenuHand | undefined, number, "left" | "right"]>([
    [undefined, 1, "right"],
    ["primary", 1, "right"],
    ["left", 2, "left"],
    ["right", 3, "right"],
  ])("MS6 is that of the hand that is meant: %s", (hand, wire, side) =>
    withMenu(async ({ test, menu, clock }) => {
      const options = hand === undefined ? {} : { hand };
      await whileTimePasses(clock, menu.open(options));
      await menu.highlight(0, options);
      await whileTimePasses(clock, menu.invoke(3, options));
      await menu.getState(options);
      await menu.close(options);
      const rpcs = ["open", "highlight", "invoke", "getState", "close"] as const;
      for (const rpc of rpcs) {
        expect(requestsOf(test.mod, `contextMenu.${rpc}`)).toMatchObject([{ hand: wire }]);
      }
      const { journal } = test.mod.engine;
      expect(journal.changes("contextMenuOpened").map((change) => change.side)).toEqual([side]);
      expect(journal.changes("contextMenuPressed").map((change) => change.side)).toEqual([side]);
    }),
  );

  it("has the same menu for the primary hand and its side, and another for the other side", () =>
    withMenu(
      async ({ menu, clock }) => {
        await whileTimePasses(clock, menu.open());
        expect((await menu.getState({ hand: "left" })).isOpen).toBe(true);
        expect((await menu.getState({ hand: "right" })).isOpen).toBe(false);
      },
      { scenario: { ...scenario, primaryHand: "left" } },
    ));

  it("ME4 MC4 highlights one item and no other, also a disabled one, and presses none", () =>
    withMenu(async ({ test, menu, clock }) => {
      await whileTimePasses(clock, menu.open({ hand: "left" }));
      expect((await menu.highlight(0, { hand: "left" })).highlightedIndex).toBe(0);
      expect((await menu.highlight(2, { hand: "left" })).highlightedIndex).toBe(2);
      expect((await menu.getState({ hand: "left" })).highlightedIndex).toBe(2);
      expect(requestsOf(test.mod, "contextMenu.highlight")).toMatchObject([
        { hand: 2, index: 0 },
        { hand: 2, index: 2 },
      ]);
      expect(test.mod.engine.journal.changes("contextMenuPressed")).toEqual([]);
    }));

  it("ME6 MC5 presses an item that closes the menu", () =>
    withMenu(async ({ test, menu, clock }) => {
      await whileTimePasses(clock, menu.open());
      expect(await whileTimePasses(clock, menu.invoke(0))).toEqual(closed);
      expect(await menu.getState()).toEqual(closed);
      expect(requestsOf(test.mod, "contextMenu.invoke")).toMatchObject([{ hand: 1, index: 0 }]);
    }));

  it("presses an item that opens another menu, with nothing highlighted", () =>
    withMenu(async ({ menu, clock }) => {
      await whileTimePasses(clock, menu.open());
      await menu.highlight(1);
      const submenu = await whileTimePasses(clock, menu.invoke(1));
      expect(submenu.items.map(({ index, label }) => [index, label])).toEqual([
        [0, "Walk"],
        [1, "Fly"],
      ]);
      expect(submenu.highlightedIndex).toBeUndefined();
      expect((await whileTimePasses(clock, menu.invoke(1))).items).toHaveLength(2);
    }));

  it("presses a disabled item to no effect", () =>
    withMenu(async ({ test, menu, clock }) => {
      await whileTimePasses(clock, menu.open());
      expect((await whileTimePasses(clock, menu.invoke(2))).isOpen).toBe(true);
      expect(test.mod.engine.journal.changes("contextMenuPressed")).toEqual([]);
    }));

  it("MS9 MS11 fails with InvalidArgument for an item behind the last, and with FailedPrecondition while closed", () =>
    withMenu(async ({ menu, clock }) => {
      expect(await codeOf(menu.highlight(99))).toBe(Code.FailedPrecondition);
      expect(await codeOf(menu.invoke(99))).toBe(Code.FailedPrecondition);
      await whileTimePasses(clock, menu.open());
      const refused = "InvalidArgument: The context menu has 5 items, but item 99 was asked for.";
      expect(await statusOf(menu.highlight(99))).toBe(refused);
      expect(await statusOf(menu.invoke(99))).toBe(refused);
    }));

  it("fails with FailedPrecondition for an item without a button", () =>
    withMenu(async ({ menu, clock }) => {
      await whileTimePasses(clock, menu.open());
      expect(await statusOf(menu.invoke(4))).toBe("FailedPrecondition: Item 4 of the context menu has no button.");
    }));

  it("ME5 closes", () =>
    withMenu(async ({ menu, clock }) => {
      await whileTimePasses(clock, menu.open());
      expect(await menu.close()).toEqual(closed);
      expect(await menu.getState()).toEqual(closed);
    }));

  it("presses or highlights the item that a label or index names", () =>
    withMenu(async ({ test, menu, clock }) => {
      await whileTimePasses(clock, menu.open());
      expect((await menu.highlightByLabel("move")).highlightedIndex).toBe(0);
      expect((await menu.highlightByLabel(3)).highlightedIndex).toBe(3);
      expect((await whileTimePasses(clock, menu.invokeByLabel("loco"))).items.map(({ label }) => label)).toEqual([
        "Walk",
        "Fly",
      ]);
      expect(requestsOf(test.mod, "contextMenu.invoke")).toMatchObject([{ index: 1 }]);
    }));

  it("presses nothing when a label names no item or several, or the menu is closed", () =>
    withMenu(async ({ test, menu, clock }) => {
      await expect(menu.invokeByLabel("Move")).rejects.toThrow("is the menu open?");
      await whileTimePasses(clock, menu.open());
      await expect(menu.invokeByLabel("Jump")).rejects.toBeInstanceOf(NoMatchError);
      await expect(menu.highlightByLabel("o")).rejects.toBeInstanceOf(AmbiguousMatchError);
      expect(callsOf(test.mod)).not.toContain("contextMenu.invoke");
      expect(callsOf(test.mod)).not.toContain("contextMenu.highlight");
    }));

  it("refuses an index or hand that is none, without a call", () =>
    withMenu(async ({ test, menu }) => {
      for (const index of [-1, 0.5, Number.NaN, 2 ** 31]) {
        await expect(menu.invoke(index)).rejects.toBeInstanceOf(InvalidOptionsError);
        await expect(menu.highlight(index)).rejects.toBeInstanceOf(InvalidOptionsError);
      }
      // @ts-expect-error No such hand.
      await expect(menu.open({ hand: "third" })).rejects.toBeInstanceOf(InvalidOptionsError);
      expect(callsOf(test.mod)).toEqual([]);
    }));

  it("closes when another world is focused", () =>
    withMenu(async ({ test, menu, clock }) => {
      await whileTimePasses(clock, menu.open());
      const { handle } = test.mod.engine.worlds.byName("Hall");
      await whileTimePasses(clock, test.resonite.world.focus(handle));
      expect(await menu.getState()).toEqual(closed);
    }));

  it("can be cancelled while it waits for the menu", () =>
    withMenu(async ({ test, menu }) => {
      const aborting = new AbortController();
      const opening = codeOf(menu.open({ signal: aborting.signal }));
      await test.mod.engine.until(({ journal }) => journal.changes("contextMenuOpened").length === 1);
      aborting.abort();
      expect(await opening).toBe(Code.Canceled);
      await test.mod.engine.until(({ journal }) => journal.calls("contextMenu.open").length === 1);
      expect(test.mod.engine.journal.calls("contextMenu.open")[0]?.status).toBe("Canceled");
    }));

  it.each<[string, (menu: ContextMenuClient) => Promise<unknown>]>([
    ["open", (menu) => menu.open()],
    ["close", (menu) => menu.close()],
    ["getState", (menu) => menu.getState()],
    ["highlight", (menu) => menu.highlight(0)],
    ["invoke", (menu) => menu.invoke(0)],
  ])("MS8 cannot %s without a focused world", (_, call) =>
    withMenu(
      async ({ menu }) => {
        expect(await statusOf(call(menu))).toBe("FailedPrecondition: No world is focused.");
      },
      { scenario: { ...scenario, openWorlds: [] } },
    ),
  );
});
