import { AmbiguousMatchError, InvalidOptionsError, NoMatchError } from "@resoio/core";
import { createVirtualClock, type ScenarioInput } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";

const scenario = {
  dashOpen: true,
  dashTabs: [
    {
      name: "Worlds",
      label: "ワールド",
      localeKey: "Dash.Screens.Worlds",
      controls: [
        {
          name: "List",
          label: "World List",
          type: "scroll",
          position: { x: 0, y: 2 },
          children: [{ label: "Inner", position: { x: 0, y: 3 } }],
        },
        { label: "Refresh", localeKey: "World.Refresh", position: { x: 0, y: 0 } },
        { label: "Close world", enabled: false, position: { x: 1, y: 0 } },
        { name: "Nameless", position: { x: 0, y: 1 } },
      ],
    },
    { name: "Contacts", label: "Contacts", localeKey: "Dash.Screens.Contacts" },
    { name: "Settings", label: "Settings", localeKey: "Dash.Screens.Settings", enabled: false },
    { name: "Custom", label: "Own tab" },
  ],
} satisfies ScenarioInput;

describe.each(transports)("dash over $name", ({ open }) => {
  it("DC1-DC3 DE1 opens and closes, as often as is asked, and does nothing else", async () => {
    await using test = await open({ scenario: { ...scenario, dashOpen: false } });
    const { dash } = test.resonite;
    expect(await dash.getState()).toEqual({ isOpen: false, openLerp: 0 });
    expect((await dash.open()).isOpen).toBe(true);
    expect((await dash.open()).isOpen).toBe(true);
    expect((await dash.getState()).isOpen).toBe(true);
    expect((await dash.close()).isOpen).toBe(false);
    expect((await dash.close()).isOpen).toBe(false);
    expect(callsOf(test.mod)).toEqual([
      "dash.getState",
      "dash.open",
      "dash.open",
      "dash.getState",
      "dash.close",
      "dash.close",
    ]);
  });

  it("DS1 tells how far it has opened, which follows with a delay", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: { ...scenario, dashOpen: false }, clock });
    const { dash } = test.resonite;
    expect(await dash.open()).toEqual({ isOpen: true, openLerp: 0 });
    await clock.advance(100);
    const { openLerp } = await dash.getState();
    expect(openLerp).toBe(Math.fround(test.mod.engine.dash.openLerp));
    expect([openLerp > 0, openLerp < 1]).toEqual([true, true]);
    await clock.advance(5000);
    expect(await dash.getState()).toEqual({ isOpen: true, openLerp: 1 });
  });

  it("DC4 DE2 lists the tabs in their order, with all that is known of them, also while it is closed", async () => {
    await using test = await open({ scenario: { ...scenario, dashOpen: false } });
    const { dash } = test.resonite;
    const refId = expect.stringMatching(/^ID[0-9A-F]+$/);
    const tabs = await dash.listTabs();
    expect(tabs).toEqual([
      {
        refId,
        localeKey: "Dash.Screens.Worlds",
        name: "Worlds",
        label: "ワールド",
        isCurrent: true,
        enabled: true,
      },
      {
        refId,
        localeKey: "Dash.Screens.Contacts",
        name: "Contacts",
        label: "Contacts",
        isCurrent: false,
        enabled: true,
      },
      {
        refId,
        localeKey: "Dash.Screens.Settings",
        name: "Settings",
        label: "Settings",
        isCurrent: false,
        enabled: false,
      },
      { refId, localeKey: "", name: "Custom", label: "Own tab", isCurrent: false, enabled: true },
    ]);
    expect(new Set(tabs.map((tab) => tab.refId)).size).toBe(4);
    expect(await dash.listTabs()).toEqual(tabs);
  });

  it("DC5 DS13 lists nothing where there is nothing", async () => {
    await using test = await open({ scenario: { dashTabs: [] } });
    expect(await test.resonite.dash.listTabs()).toEqual([]);
    expect(await test.resonite.dash.listControls()).toEqual([]);
  });

  it("DC6 DC7 DE3 DE4 shows a tab by ref id or locale key, of which the ref id decides", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const [worlds, contacts] = await dash.listTabs();
    const done = { ok: true, found: true, detail: "" };
    expect(await dash.setTab({ localeKey: "Dash.Screens.Contacts" })).toEqual({ ...done, refId: contacts?.refId });
    expect((await dash.listTabs()).map(({ isCurrent }) => isCurrent)).toEqual([false, true, false, false]);
    const refId = worlds?.refId ?? "";
    expect(await dash.setTab({ refId, localeKey: "Dash.Screens.Contacts" })).toEqual({ ...done, refId });
    expect(requestsOf(test.mod, "dash.setTab")).toMatchObject([
      { refId: "", localeKey: "Dash.Screens.Contacts" },
      { refId, localeKey: "Dash.Screens.Contacts" },
    ]);
  });

  it("shows a disabled tab all the same, and says that it is", async () => {
    await using test = await open({ scenario });
    const result = await test.resonite.dash.setTab({ localeKey: "Dash.Screens.Settings" });
    expect(result).toMatchObject({ ok: true, found: true, detail: "screen disabled" });
  });

  it("DS8 takes a tab that is not there for a result, not for a failure", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const missed = { ok: false, found: false, refId: "", detail: "tab not found" };
    expect(await dash.setTab({ localeKey: "dash.screens.contacts" })).toEqual(missed);
    expect(await dash.setTab({ refId: "IDFFFF", localeKey: "Dash.Screens.Contacts" })).toEqual(missed);
  });

  it("DC8 refuses a tab that is not named, without a call; so would the mod", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    // @ts-expect-error A tab is named in one way at least.
    await expect(dash.setTab({})).rejects.toThrow(InvalidOptionsError);
    await expect(dash.setTab({ refId: "", localeKey: "" })).rejects.toThrow("refId or localeKey");
    expect(callsOf(test.mod)).toEqual([]);
    expect(await statusOf(test.resonite.rpc.dash.setTab({}))).toMatch(/^InvalidArgument: /);
  });

  it("DC9 DC10 DE5 lists the controls of the current tab by their place, disabled ones when asked", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const refId = expect.stringMatching(/^ID[0-9A-F]+$/);
    const plain = { refId, controlType: "button", localeKey: "", enabled: true, parentRefId: undefined, depth: 0 };
    const enabled = await dash.listControls();
    const list = enabled.find(({ label }) => label === "World List");
    expect(enabled).toEqual([
      { ...plain, label: "Refresh", localeKey: "World.Refresh" },
      { ...plain, label: "Nameless" },
      { ...plain, label: "World List", controlType: "scroll" },
      { ...plain, label: "Inner", parentRefId: list?.refId, depth: 1 },
    ]);
    const all = await dash.listControls({ includeDisabled: true });
    expect(all.map(({ label }) => label)).toEqual(["Refresh", "Close world", "Nameless", "World List", "Inner"]);
    expect(all[1]).toMatchObject({ enabled: false });
    expect(requestsOf(test.mod, "dash.listControls")).toMatchObject([
      { includeDisabled: false },
      { includeDisabled: true },
    ]);
  });

  it("DE7 shows other controls on another tab, and none while it is closed", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { dash } = test.resonite;
    await dash.setTab({ localeKey: "Dash.Screens.Contacts" });
    expect(await dash.listControls()).toEqual([]);
    await dash.setTab({ localeKey: "Dash.Screens.Worlds" });
    await dash.close();
    await clock.advance(5000);
    expect(await dash.listControls({ includeDisabled: true })).toEqual([]);
  });

  it("IE10 shows the inventory as controls of its tab", async () => {
    const dashTabs = [{ name: "Inventory", label: "Inventory", localeKey: "Dash.Screens.Inventory" }];
    await using test = await open({ scenario: { ...scenario, dashTabs } });
    await test.resonite.inventory.makeDir("/Inventory/Brand new");
    const controls = await test.resonite.dash.listControls({ includeDisabled: true });
    expect(controls.map(({ label }) => label)).toContain("Brand new");
  });

  it("DC11 DC14 DE6 presses or highlights a button, and not both", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const { journal } = test.mod.engine;
    const { refId } = await dash.findControl("Refresh");
    const done = { ok: true, found: true, refId, detail: "" };
    expect(await dash.highlight(refId)).toEqual(done);
    expect([journal.changes("dashHighlighted").length, journal.changes("dashButtonPressed").length]).toEqual([1, 0]);
    expect(await dash.invoke(refId)).toEqual(done);
    expect(await dash.invoke(refId)).toEqual(done);
    expect(journal.changes("dashButtonPressed").map(({ label }) => label)).toEqual(["Refresh", "Refresh"]);
    expect(requestsOf(test.mod, "dash.highlight")).toMatchObject([{ refId }]);
  });

  it("DC12 DC13 scrolls by a part of the way, and stops at the end", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const { refId } = await dash.findControl("World List");
    const done = { ok: true, found: true, refId, detail: "" };
    expect(await dash.scroll(refId, { deltaX: 0.25, deltaY: 0.5 })).toEqual(done);
    expect(test.mod.engine.dash.scrollPosition(refId)).toEqual({ x: 0.25, y: 0.5 });
    expect(await dash.scroll(refId, { deltaX: -1.25, deltaY: 3.75 })).toEqual(done);
    expect(test.mod.engine.dash.scrollPosition(refId)).toEqual({ x: 0, y: 1 });
    expect(await dash.scroll(refId)).toEqual(done);
    expect(requestsOf(test.mod, "dash.scroll")).toMatchObject([
      { refId, deltaX: 0.25, deltaY: 0.5 },
      { refId, deltaX: -1.25, deltaY: 3.75 },
      { refId, deltaX: 0, deltaY: 0 },
    ]);
  });

  it("scrolls the area around a control", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const { refId } = await dash.findControl("Inner");
    expect(await dash.scroll(refId, { deltaY: 0.5 })).toMatchObject({ ok: true, refId });
    expect(test.mod.engine.journal.changes("dashScrolled")).toMatchObject([{ y: 0.5 }]);
  });

  it("DS14-DS16 takes a control that is not there, or cannot do it, for a result, not for a failure", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    for (const refId of ["IDFFFF", "nonsense", ""]) {
      const missed = { ok: false, found: false, refId, detail: "control not found" };
      expect([await dash.invoke(refId), await dash.scroll(refId), await dash.highlight(refId)]).toEqual([
        missed,
        missed,
        missed,
      ]);
    }
    const area = (await dash.findControl("World List")).refId;
    const button = (await dash.findControl("Refresh")).refId;
    const refused = { ok: false, found: true };
    expect(await dash.invoke(area)).toEqual({ ...refused, refId: area, detail: "control is not a button" });
    expect(await dash.highlight(area)).toEqual({ ...refused, refId: area, detail: "control does not support hover" });
    expect(await dash.scroll(button)).toEqual({ ...refused, refId: button, detail: "control is not scrollable" });
  });

  it("presses a disabled control as well, as the mod does not check", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const controls = await dash.listControls({ includeDisabled: true });
    const disabled = controls.find(({ enabled }) => !enabled);
    expect(await dash.invoke(disabled?.refId ?? "")).toMatchObject({ ok: true });
  });

  it.each([
    ["its label", "Contacts", "Contacts"],
    ["its label in any case", "cONTACTS", "Contacts"],
    ["a part of its label", "settin", "Settings"],
    ["its locale key", "Dash.Screens.Worlds", "Worlds"],
    ["a label in another script", "ワールド", "Worlds"],
    ["its index", 3, "Custom"],
  ])("DR2-DR4 DL1 finds a tab by %s", async (_, query, name) => {
    await using test = await open({ scenario });
    expect((await test.resonite.dash.findTab(query)).name).toBe(name);
  });

  it("DR1 prefers the tab that has exactly the text to one that has it as a part", async () => {
    const dashTabs = [
      { name: "One", label: "About Two and more" },
      { name: "Two", label: "Second" },
    ];
    await using test = await open({ scenario: { ...scenario, dashTabs } });
    expect((await test.resonite.dash.findTab("Two")).label).toBe("Second");
    const [, second] = await test.resonite.dash.listTabs();
    expect((await test.resonite.dash.findTab(second?.refId ?? "")).label).toBe("Second");
  });

  it("DL2 shows the tab that a text names, by its whole ref id", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const { refId } = await dash.findTab("Contacts");
    expect(await dash.selectTab("contacts")).toEqual({ ok: true, found: true, refId, detail: "" });
    expect(requestsOf(test.mod, "dash.setTab")).toMatchObject([{ refId, localeKey: "" }]);
  });

  it("DL3-DL6 acts on the control that a text names, by its whole ref id", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const list = (await dash.findControl("World List")).refId;
    const refresh = (await dash.findControl("World.Refresh")).refId;
    expect((await dash.invokeByLabel("refr")).refId).toBe(refresh);
    expect((await dash.highlightByLabel("REFRESH")).refId).toBe(refresh);
    expect((await dash.scrollByLabel("world list", { deltaX: 0.25, deltaY: -0.5 })).refId).toBe(list);
    expect(requestsOf(test.mod, "dash.invoke")).toMatchObject([{ refId: refresh }]);
    expect(requestsOf(test.mod, "dash.highlight")).toMatchObject([{ refId: refresh }]);
    expect(requestsOf(test.mod, "dash.scroll")).toMatchObject([{ refId: list, deltaX: 0.25, deltaY: -0.5 }]);
  });

  it("DR5 DR6 DL7 DL8 does nothing when a text names nothing or several, and tells what there was", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    const missed: unknown = await dash.selectTab("nowhere").catch((error: unknown) => error);
    expect(missed).toBeInstanceOf(NoMatchError);
    expect(missed).toMatchObject({
      message: expect.stringContaining("no match"),
      query: "nowhere",
      candidates: ["ワールド", "Contacts", "Settings", "Own tab"],
    });
    const several: unknown = await dash.selectTab("Dash.Screens.").catch((error: unknown) => error);
    expect(several).toBeInstanceOf(AmbiguousMatchError);
    expect(several).toMatchObject({
      message: expect.stringContaining("matched 3"),
      candidates: ["ワールド", "Contacts", "Settings"],
    });
    await expect(dash.invokeByLabel("e")).rejects.toBeInstanceOf(AmbiguousMatchError);
    await expect(dash.scrollByLabel("nothing")).rejects.toBeInstanceOf(NoMatchError);
    await expect(dash.highlightByLabel(99)).rejects.toBeInstanceOf(NoMatchError);
    expect(new Set(callsOf(test.mod))).toEqual(new Set(["dash.listTabs", "dash.listControls"]));
  });

  it("finds enabled controls only", async () => {
    await using test = await open({ scenario });
    await expect(test.resonite.dash.findControl("Close world")).rejects.toBeInstanceOf(NoMatchError);
  });

  it("refuses an index or a delta that is none, without a call", async () => {
    await using test = await open({ scenario });
    const { dash } = test.resonite;
    for (const index of [-1, 0.5, Number.NaN]) {
      await expect(dash.findTab(index)).rejects.toBeInstanceOf(InvalidOptionsError);
    }
    await expect(dash.scroll("ID1", { deltaX: Number.NaN })).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(callsOf(test.mod)).toEqual([]);
  });

  it("needs no focused world", async () => {
    await using test = await open({ scenario: { ...scenario, openWorlds: [] } });
    expect((await test.resonite.dash.open()).isOpen).toBe(true);
    expect(await test.resonite.dash.listTabs()).toHaveLength(4);
  });

  it("disables the contacts while nobody is signed in", async () => {
    await using test = await open({ scenario });
    await test.resonite.auth.logout();
    expect((await test.resonite.dash.findTab("Contacts")).enabled).toBe(false);
  });
});
