import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

const { open, close, getState, listTabs, setTab, listControls, invoke, scroll, highlight } = services.dash.method;

const tabbed = {
  dashOpen: true,
  dashTabs: [
    {
      name: "Worlds",
      label: "Welten für alle",
      localeKey: "Dash.Screens.Worlds",
      controls: [
        {
          name: "List",
          type: "scroll",
          enabled: false,
          position: { x: 0, y: 1 },
          children: [{ label: "Refresh", localeKey: "World.Refresh", position: { x: 0, y: 0 } }],
        },
        { label: "Close world", position: { x: 1, y: 2 }, enabled: false },
      ],
    },
    { name: "Raw", label: "Raw", enabled: false, controls: [{ label: "Only here" }] },
  ],
} as const satisfies ScenarioInput;

const openTabbed = (scenario: ScenarioInput = {}): Promise<OpenMod> =>
  openMod({ scenario: { ...tabbed, ...scenario } });

async function controlsOf({ raw }: OpenMod, includeDisabled = true) {
  return (await raw.unary(listControls, { includeDisabled })).controls;
}

async function refOf(test: OpenMod, label: string): Promise<string> {
  const control = (await controlsOf(test)).find((candidate) => candidate.label === label);
  if (control === undefined) throw new Error(`no control is labelled ${label}`);
  return control.refId;
}

async function tabsOf({ raw }: OpenMod) {
  return (await raw.unary(listTabs, {})).tabs;
}

describe("opening the dash", () => {
  it("DS1 opens at once and animates over 250 ms", async () => {
    await using test = await openMod();
    expect(await test.raw.unary(open, {})).toMatchObject({ isOpen: true, openLerp: 0 });
    await test.clock.advance(105);
    expect(await test.raw.unary(open, {})).toMatchObject({ isOpen: true, openLerp: Math.fround(0.42) });
    await test.clock.advance(145);
    expect(await test.raw.unary(getState, {})).toMatchObject({ isOpen: true, openLerp: 1 });
  });

  it("DS2 closes at once and animates back", async () => {
    await using test = await openMod({ scenario: { dashOpen: true } });
    expect(await test.raw.unary(close, {})).toMatchObject({ isOpen: false, openLerp: 1 });
    await test.clock.advance(125);
    expect(await test.raw.unary(close, {})).toMatchObject({ isOpen: false, openLerp: 0.5 });
    await test.clock.advance(1000);
    expect(await test.raw.unary(close, {})).toMatchObject({ isOpen: false, openLerp: 0 });
  });

  it("turns round in the middle of the animation", async () => {
    await using test = await openMod();
    await test.raw.unary(open, {});
    await test.clock.advance(50);
    await test.raw.unary(close, {});
    await test.clock.advance(25);
    expect((await test.raw.unary(getState, {})).openLerp).toBeCloseTo(0.1);
  });

  it("DS3 tells whether it is open", async () => {
    await using test = await openMod({ scenario: { dashOpen: true } });
    expect(await test.raw.unary(getState, {})).toMatchObject({ isOpen: true, openLerp: 1 });
  });

  it("DE1 DE8 follows open and close each time", async () => {
    await using test = await openMod();
    for (const isOpen of [false, true, false, true, false]) {
      await (isOpen ? test.raw.unary(open, {}) : test.raw.unary(close, {}));
      expect((await test.raw.unary(getState, {})).isOpen).toBe(isOpen);
    }
    expect(test.engine.journal.changes("dashOpened")).toHaveLength(2);
  });

  it("works without a focused world", async () => {
    await using test = await openTabbed({ openWorlds: [] });
    expect((await test.raw.unary(open, {})).isOpen).toBe(true);
    expect(await tabsOf(test)).toHaveLength(2);
    expect(await controlsOf(test)).toHaveLength(3);
  });
});

describe("dash tabs", () => {
  it("DS4 lists the tabs in order with all that is known of them", async () => {
    await using test = await openTabbed({ dashOpen: false });
    const tabs = await tabsOf(test);
    expect(tabs).toMatchObject([
      { localeKey: "Dash.Screens.Worlds", name: "Worlds", label: "Welten für alle", isCurrent: true, enabled: true },
      { localeKey: "", name: "Raw", label: "Raw", isCurrent: false, enabled: false },
    ]);
    for (const { refId } of tabs) expect(refId).toMatch(/^ID[0-9A-F]+$/);
    expect(await tabsOf(test)).toEqual(tabs);
  });

  it("DS5 lists no tabs when there are none", async () => {
    await using test = await openMod({ scenario: { dashTabs: [], dashOpen: true } });
    expect(await tabsOf(test)).toEqual([]);
    expect(await controlsOf(test)).toEqual([]);
  });

  it("DS6 goes by the ref_id alone when both selectors are given", async () => {
    await using test = await openTabbed();
    const [worlds, raw] = await tabsOf(test);
    const result = await test.raw.unary(setTab, { refId: raw?.refId ?? "", localeKey: "Dash.Screens.Worlds" });
    expect(result).toMatchObject({ ok: true, found: true, refId: raw?.refId, detail: "screen disabled" });
    expect((await tabsOf(test)).map(({ isCurrent }) => isCurrent)).toEqual([false, true]);
    const missed = await test.raw.unary(setTab, { refId: "IDFFFF", localeKey: "Dash.Screens.Worlds" });
    expect(missed).toMatchObject({ ok: false, found: false, refId: "", detail: "tab not found" });
    expect(worlds?.isCurrent).toBe(true);
    expect((await tabsOf(test)).map(({ isCurrent }) => isCurrent)).toEqual([false, true]);
  });

  it("DS7 takes the first tab with exactly the locale key", async () => {
    const tab = (name: string) => ({ name, label: name, localeKey: "Dash.Screens.Twin" });
    await using test = await openMod({ scenario: { dashTabs: [{ name: "First", label: "" }, tab("A"), tab("B")] } });
    const result = await test.raw.unary(setTab, { localeKey: "Dash.Screens.Twin" });
    expect(result).toMatchObject({ ok: true, found: true, detail: "" });
    expect((await tabsOf(test)).find(({ isCurrent }) => isCurrent)).toMatchObject({ name: "A", refId: result.refId });
  });

  it.each(["dash.screens.worlds", "Worlds", "Dash.Screens."])(
    "DS8 misses the tab '%s' without an error",
    async (localeKey) => {
      await using test = await openTabbed();
      const result = await test.raw.unary(setTab, { localeKey });
      expect(result).toMatchObject({ ok: false, found: false, refId: "", detail: "tab not found" });
    },
  );

  it("does not take a control for a tab", async () => {
    await using test = await openTabbed();
    expect(await test.raw.unary(setTab, { refId: await refOf(test, "Refresh") })).toMatchObject({ found: false });
  });

  it("DS9 refuses a request without a selector", async () => {
    await using test = await openTabbed();
    expect((await statusOf(test.raw.unary(setTab, {}))).code).toBe("INVALID_ARGUMENT");
    expect(test.engine.journal.changes("dashTabChanged")).toEqual([]);
  });

  it("leaves the dash open or closed when the tab changes", async () => {
    await using test = await openTabbed({ dashOpen: false });
    await test.raw.unary(setTab, { refId: (await tabsOf(test))[1]?.refId ?? "" });
    expect((await test.raw.unary(getState, {})).isOpen).toBe(false);
  });

  it("disables Contacts while nobody is signed in", async () => {
    const contactsOf = async (test: OpenMod) => (await tabsOf(test)).find(({ name }) => name === "Contacts");
    await using signedOut = await openMod({ scenario: { signedInAs: "" } });
    expect((await contactsOf(signedOut))?.enabled).toBe(false);
    const result = await signedOut.raw.unary(setTab, { localeKey: "Dash.Screens.Contacts" });
    expect(result).toMatchObject({ ok: true, found: true, detail: "screen disabled" });
    await using signedIn = await openMod();
    expect((await contactsOf(signedIn))?.enabled).toBe(true);
  });

  it("DE2 DE3 DE4 always has one current tab, by locale key or ref_id", async () => {
    await using test = await openMod();
    const tabs = await tabsOf(test);
    expect(tabs.every(({ refId }) => refId !== "")).toBe(true);
    expect(tabs.some(({ localeKey }) => localeKey.startsWith("Dash.Screens."))).toBe(true);
    for (const { refId, localeKey } of tabs) {
      for (const selector of [{ refId }, { localeKey }]) {
        await test.raw.unary(setTab, { localeKey: "Dash.Screens.Home" });
        expect(await test.raw.unary(setTab, selector)).toMatchObject({ ok: true, found: true, refId });
        const current = (await tabsOf(test)).filter(({ isCurrent }) => isCurrent);
        expect(current.map((tab) => tab.refId)).toEqual([refId]);
      }
    }
  });
});

describe("dash controls", () => {
  it("DS10 lists disabled controls when asked to", async () => {
    await using test = await openTabbed();
    expect((await controlsOf(test, true)).map(({ label }) => label)).toEqual(["Refresh", "List", "Close world"]);
  });

  it("DS11 leaves disabled controls out, but not what is inside them", async () => {
    await using test = await openTabbed();
    expect(await controlsOf(test, false)).toMatchObject([
      { label: "Refresh", enabled: true, parentRefId: "", depth: 0 },
    ]);
  });

  it("DS12 tells all that is known of a control", async () => {
    await using test = await openMod({
      scenario: {
        dashOpen: true,
        dashTabs: [
          {
            name: "Tab",
            label: "Tab",
            controls: [
              {
                label: "Öffnen",
                localeKey: "Some.Key",
                position: { x: 0, y: 0 },
                children: [{ type: "scroll", name: "", enabled: false, position: { x: 0, y: 1 } }],
              },
            ],
          },
        ],
      },
    });
    const controls = await controlsOf(test);
    const [button, area] = controls;
    expect(controls).toMatchObject([
      { controlType: "button", label: "Öffnen", localeKey: "Some.Key", enabled: true, parentRefId: "", depth: 0 },
      { controlType: "scroll", label: "", localeKey: "", enabled: false, parentRefId: button?.refId, depth: 1 },
    ]);
    expect(area?.refId).toMatch(/^ID[0-9A-F]+$/);
  });

  it("DS13 lists nothing on an empty tab", async () => {
    await using test = await openMod({ scenario: { dashOpen: true, dashTabs: [{ name: "Empty", label: "" }] } });
    expect(await controlsOf(test)).toEqual([]);
  });

  it("sorts by y, then x, keeps ties in order, and puts what has no position last", async () => {
    const button = (label: string, position?: { readonly x: number; readonly y: number }) => ({
      label,
      ...(position === undefined ? {} : { position }),
    });
    await using test = await openMod({
      scenario: {
        dashOpen: true,
        dashTabs: [
          {
            name: "Tab",
            label: "Tab",
            controls: [
              button("nowhere 1"),
              button("low", { x: 0, y: 5 }),
              button("right", { x: 2, y: -1 }),
              button("tie 1", { x: 1, y: 2 }),
              button("nowhere 2"),
              button("tie 2", { x: 1, y: 2 }),
              button("left", { x: 1, y: -1 }),
            ],
          },
        ],
      },
    });
    const labels = (await controlsOf(test)).map(({ label }) => label);
    expect(labels).toEqual(["left", "right", "tie 1", "tie 2", "low", "nowhere 1", "nowhere 2"]);
  });

  it("skips inactive parts with all in them, and looks through what is no control", async () => {
    await using test = await openMod({
      scenario: {
        dashOpen: true,
        dashTabs: [
          {
            name: "Tab",
            label: "Tab",
            controls: [
              { name: "Hidden", active: false, children: [{ label: "Hidden inside" }] },
              {
                name: "Outer",
                children: [
                  {
                    name: "Panel",
                    type: "none",
                    children: [{ name: "Area", type: "scroll", children: [{ localeKey: "Inner.Key" }] }],
                  },
                ],
              },
            ],
          },
        ],
      },
    });
    const controls = await controlsOf(test);
    expect(controls.map(({ label, depth }) => [label, depth])).toEqual([
      ["Outer", 0],
      ["Area", 1],
      ["Inner.Key", 2],
    ]);
    expect(controls.map(({ parentRefId }) => parentRefId)).toEqual(["", controls[0]?.refId, controls[1]?.refId]);
  });

  it("lists nothing while the dash is completely closed", async () => {
    await using test = await openTabbed();
    await test.raw.unary(close, {});
    expect(await controlsOf(test)).toHaveLength(3);
    await test.clock.advance(250);
    expect(await controlsOf(test)).toEqual([]);
    await test.raw.unary(open, {});
    expect(await controlsOf(test)).toHaveLength(3);
  });

  it("DE5 DE7 gives every control an id of its own and another set to each tab", async () => {
    await using test = await openMod({ scenario: { dashOpen: true } });
    const tabs = await tabsOf(test);
    const seen = tabs.map(({ refId }) => refId);
    for (const { refId } of tabs) {
      await test.raw.unary(setTab, { refId });
      const controls = await controlsOf(test);
      expect(await controlsOf(test)).toEqual(controls);
      for (const control of controls) {
        expect(control.controlType).toMatch(/^(button|scroll)$/);
        seen.push(control.refId);
      }
    }
    expect(seen.length).toBeGreaterThan(tabs.length);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe("the dash's inventory tab", () => {
  const inventoryTab = { localeKey: "Dash.Screens.Inventory" };

  it("IE10 shows a new folder and keeps the ids of the rest", async () => {
    await using test = await openMod({ scenario: { dashOpen: true, inventory: [{ name: "Old" }] } });
    await test.raw.unary(setTab, inventoryTab);
    const before = await controlsOf(test);
    expect(before.map(({ label, controlType }) => [label, controlType])).toEqual([["Old", "button"]]);

    await test.raw.unary(services.inventory.method.makeDir, { path: "/Inventory/New folder" });
    const after = await controlsOf(test);
    expect(after.map(({ label }) => label)).toEqual(["Old", "New folder"]);
    expect(after[0]).toEqual(before[0]);
    const folderRefId = after[1]?.refId ?? "";
    expect(await test.raw.unary(highlight, { refId: folderRefId })).toMatchObject({ ok: true, found: true });
    expect(await test.raw.unary(invoke, { refId: folderRefId })).toMatchObject({ ok: true, found: true });

    await test.raw.unary(services.inventory.method.remove, { path: "/Inventory/New folder", recursive: true });
    expect(await controlsOf(test)).toEqual(before);
    expect(await test.raw.unary(invoke, { refId: folderRefId })).toMatchObject({ ok: false, found: false });
  });

  it("shows no folders while nobody is signed in", async () => {
    await using test = await openMod({ scenario: { dashOpen: true, signedInAs: "" } });
    await test.raw.unary(setTab, inventoryTab);
    expect(await controlsOf(test)).toEqual([]);
  });
});

describe("dash actions", () => {
  it("DS14 DE6 presses a button", async () => {
    await using test = await openTabbed();
    const refId = await refOf(test, "Refresh");
    expect(await test.raw.unary(invoke, { refId })).toMatchObject({ ok: true, found: true, refId, detail: "" });
    expect(test.engine.journal.changes("dashButtonPressed")).toMatchObject([{ refId, label: "Refresh" }]);
  });

  it("presses what is disabled, on another tab or in a closed dash as well", async () => {
    await using test = await openTabbed();
    const refId = await refOf(test, "Close world");
    await test.raw.unary(setTab, { refId: (await tabsOf(test))[1]?.refId ?? "" });
    await test.raw.unary(close, {});
    await test.clock.advance(250);
    expect(await test.raw.unary(invoke, { refId })).toMatchObject({ ok: true, found: true });
    expect(test.engine.journal.changes("dashButtonPressed")).toHaveLength(1);
  });

  it("DS15 scrolls and stops at the ends", async () => {
    await using test = await openTabbed();
    const refId = await refOf(test, "List");
    const move = (deltaX: number, deltaY: number) => test.raw.unary(scroll, { refId, deltaX, deltaY });
    expect(await move(0.25, 0.5)).toMatchObject({ ok: true, found: true, refId, detail: "" });
    await move(0.25, -0.25);
    expect(test.engine.dash.scrollPosition(refId)).toEqual({ x: 0.5, y: 0.25 });
    expect(await move(-1.25, 3.75)).toMatchObject({ ok: true });
    expect(test.engine.dash.scrollPosition(refId)).toEqual({ x: 0, y: 1 });
    expect(await move(-1, Number.NaN)).toMatchObject({ ok: true });
    expect(test.engine.dash.scrollPosition(refId)).toEqual({ x: 0, y: 1 });
  });

  it("scrolls the area around a control", async () => {
    await using test = await openTabbed();
    const refId = await refOf(test, "Refresh");
    expect(await test.raw.unary(scroll, { refId, deltaY: 0.5 })).toMatchObject({ ok: true, found: true, refId });
    expect(test.engine.dash.scrollPosition(await refOf(test, "List"))).toEqual({ x: 0, y: 0.5 });
  });

  it("DS16 marks a button as hovered, and others keep their marks", async () => {
    await using test = await openTabbed();
    const first = await refOf(test, "Refresh");
    const second = await refOf(test, "Close world");
    for (const refId of [first, second, first]) {
      expect(await test.raw.unary(highlight, { refId })).toMatchObject({ ok: true, found: true, refId, detail: "" });
    }
    expect(test.engine.state.dash.hoveredRefIds).toEqual([first, second]);
    expect(test.engine.journal.changes("dashButtonPressed")).toEqual([]);
  });

  it("DS15 tells in the answer that a target does not fit", async () => {
    await using test = await openTabbed();
    const tab = (await tabsOf(test))[0]?.refId ?? "";
    const area = await refOf(test, "List");
    const plain = await refOf(test, "Close world");
    const refused = (refId: string, detail: string) => ({ ok: false, found: true, refId, detail });
    expect(await test.raw.unary(invoke, { refId: area })).toMatchObject(refused(area, "control is not a button"));
    expect(await test.raw.unary(invoke, { refId: tab })).toMatchObject(refused(tab, "control is not a button"));
    const scrolled = await test.raw.unary(scroll, { refId: plain, deltaX: -1.25, deltaY: 3.75 });
    expect(scrolled).toMatchObject(refused(plain, "control is not scrollable"));
    expect(await test.raw.unary(highlight, { refId: area })).toMatchObject(
      refused(area, "control does not support hover"),
    );
  });

  it.each(["", "nonsense", "IDFFFFFF"])("tells in the answer that there is no control '%s'", async (refId) => {
    await using test = await openTabbed();
    for (const call of [
      test.raw.unary(invoke, { refId }),
      test.raw.unary(scroll, { refId, deltaY: 1 }),
      test.raw.unary(highlight, { refId }),
    ]) {
      expect(await call).toMatchObject({ ok: false, found: false, refId, detail: "control not found" });
    }
  });
});

describe("dash failures", () => {
  it("DS17 DS18 answers FAILED_PRECONDITION while the engine starts", async () => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    for (const call of [test.raw.unary(listTabs, {}), test.raw.unary(invoke, { refId: "ID1" })]) {
      const { code, details } = await statusOf(call);
      expect(code).toBe("FAILED_PRECONDITION");
      expect(details).not.toBe("");
    }
    await test.clock.advance(1000);
    expect((await tabsOf(test)).length).toBeGreaterThan(0);
  });

  it("DS19 DS20 passes on that an argument was refused", async () => {
    const refusal = { call: 1, code: "invalid_argument", message: "no such value" } as const;
    await using test = await openMod({
      faults: {
        errors: [
          { rpc: "dash.listControls", ...refusal },
          { rpc: "dash.scroll", ...refusal },
        ],
      },
    });
    const expected = { code: "INVALID_ARGUMENT", details: "no such value" };
    expect(await statusOf(test.raw.unary(listControls, {}))).toEqual(expected);
    expect(await statusOf(test.raw.unary(scroll, { refId: "ID1" }))).toEqual(expected);
    expect((await statusOf(test.raw.unary(scroll, { refId: "ID1" }))).code).toBe("OK");
  });

  it("DS21 answers INTERNAL when the bridge throws", async () => {
    await using test = await openMod({ faults: { throwingBridges: ["dash"] } });
    expect((await statusOf(test.raw.unary(getState, {}))).code).toBe("INTERNAL");
    expect((await statusOf(test.raw.unary(highlight, { refId: "ID1" }))).code).toBe("INTERNAL");
  });

  it("DS22 answers UNAVAILABLE without a bridge", async () => {
    await using test = await openMod({ faults: { absentBridges: ["dash"] } });
    const calls = [
      test.raw.unary(getState, {}),
      test.raw.unary(listTabs, {}),
      test.raw.unary(listControls, {}),
      test.raw.unary(invoke, { refId: "ID1" }),
      test.raw.unary(setTab, { localeKey: "Dash.Screens.Home" }),
      // Without a selector too: the bridge is asked for first.
      test.raw.unary(setTab, {}),
    ];
    for (const call of calls) expect((await statusOf(call)).code).toBe("UNAVAILABLE");
  });
});
