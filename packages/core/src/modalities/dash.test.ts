import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { AmbiguousMatchError } from "../errors/ambiguous-match-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { NoMatchError } from "../errors/no-match-error.js";
import { Dash, type DashControlSchema, type DashTabSchema } from "../gen/resonite_io/v1/dash_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { DashClient, type DashSetTabOptions } from "./dash.js";

const worlds = {
  refId: "ID1A00",
  localeKey: "Dash.Screens.Worlds",
  name: "Worlds",
  label: "ワールド",
  isCurrent: true,
  enabled: true,
} satisfies MessageInitShape<typeof DashTabSchema>;

const settings = {
  refId: "ID1B00",
  localeKey: "Dash.Screens.Settings",
  name: "Settings",
  label: "設定",
  isCurrent: false,
  enabled: true,
} satisfies MessageInitShape<typeof DashTabSchema>;

const contacts = {
  refId: "ID1C00",
  localeKey: "Dash.Screens.Contacts",
  name: "Contacts",
  label: "フレンド",
  isCurrent: false,
  enabled: false,
} satisfies MessageInitShape<typeof DashTabSchema>;

const list = {
  refId: "ID2A-ref",
  controlType: "scroll",
  label: "World List",
  localeKey: "",
  enabled: true,
  parentRefId: "",
  depth: 0,
} satisfies MessageInitShape<typeof DashControlSchema>;

const refresh = {
  refId: "ID2B-ref",
  controlType: "button",
  label: "更新",
  localeKey: "World.Actions.Refresh",
  enabled: true,
  parentRefId: "ID2A-ref",
  depth: 1,
} satisfies MessageInitShape<typeof DashControlSchema>;

const done = { ok: true, found: true, refId: "ID2B-ref", detail: "" };
const missed = { ok: false, found: false, refId: "ID404", detail: "control not found" };

// The cases that the mod's own client is accepted by, in their numbering. DC15 is about a client that is not connected yet,
// which does not exist here.
describe("DashClient acceptance cases", () => {
  it.each<[string, string, (dash: DashClient) => Promise<unknown>]>([
    ["DC1", "Open", (dash) => dash.open()],
    ["DC2", "Close", (dash) => dash.close()],
    ["DC3", "GetState", (dash) => dash.getState()],
  ])("%s: %s is the only call, and its answer is returned", async (_, rpc, call) => {
    const state = () => ({ isOpen: true, openLerp: 0.25 });
    const { dash, requests } = modWith({ open: state, close: state, getState: state });

    expect(await call(dash)).toStrictEqual({ isOpen: true, openLerp: 0.25 });
    expect(requests).toMatchObject([{ rpc }]);
  });

  it("DC4: listTabs() returns all tabs in order with every field", async () => {
    const { dash } = modWith({ listTabs: () => ({ tabs: [settings, worlds, contacts] }) });

    expect(await dash.listTabs()).toStrictEqual([settings, worlds, contacts]);
  });

  it("DC5: listTabs() returns an empty list when there are none", async () => {
    const { dash } = modWith({ listTabs: () => ({}) });

    expect(await dash.listTabs()).toStrictEqual([]);
  });

  it("DC6: setTab sends both selectors and returns the result", async () => {
    const { dash, requests } = modWith({ setTab: () => ({ ...done, detail: "screen disabled" }) });

    const result = await dash.setTab({ refId: "ID1A00", localeKey: "Dash.Screens.Worlds" });

    expect(result).toStrictEqual({ ...done, detail: "screen disabled" });
    expect(requests).toMatchObject([{ rpc: "SetTab", message: { refId: "ID1A00", localeKey: "Dash.Screens.Worlds" } }]);
  });

  it.each<[string, DashSetTabOptions, object]>([
    ["a locale key alone sends no ref id", { localeKey: "Dash.Screens.Worlds" }, { refId: "" }],
    ["a ref id alone sends no locale key", { refId: "ID1A00" }, { localeKey: "" }],
  ])("DC7: %s", async (_, options, rest) => {
    const { dash, requests } = modWith({ setTab: () => done });

    await dash.setTab(options);

    expect(requests).toMatchObject([{ message: { ...options, ...rest } }]);
  });

  it.each([{}, { refId: "" }, { localeKey: "" }, { refId: "", localeKey: "" }])(
    "DC8: setTab(%j) throws and sends nothing",
    async (options) => {
      const { dash, requests } = modWith({ setTab: () => done });

      const failure = dash.setTab(options as DashSetTabOptions);

      await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(failure).rejects.toMatchObject({ message: expect.stringContaining("refId or localeKey") });
      expect(requests).toEqual([]);
    },
  );

  it("DC9: listControls() returns both types with every field, and leaves disabled ones out by default", async () => {
    const { dash, requests } = modWith({ listControls: () => ({ controls: [list, refresh] }) });

    expect(await dash.listControls()).toStrictEqual([{ ...list, parentRefId: undefined }, refresh]);
    expect(requests).toMatchObject([{ message: { includeDisabled: false } }]);
  });

  it("DC10: listControls can ask for disabled ones too", async () => {
    const { dash, requests } = modWith({ listControls: () => ({}) });

    await dash.listControls({ includeDisabled: true });

    expect(requests).toMatchObject([{ message: { includeDisabled: true } }]);
  });

  it.each<[string, string, object, (dash: DashClient) => Promise<unknown>]>([
    ["DC11", "Invoke", {}, (dash) => dash.invoke("ID2B-ref")],
    ["DC12", "Scroll", { deltaX: 0.25, deltaY: -0.5 }, (d) => d.scroll("ID2B-ref", { deltaX: 0.25, deltaY: -0.5 })],
    ["DC13", "Scroll", { deltaX: 0, deltaY: 0 }, (dash) => dash.scroll("ID2B-ref")],
    ["DC14", "Highlight", {}, (dash) => dash.highlight("ID2B-ref")],
  ])("%s: %s is the only call, and its answer is returned", async (_, rpc, message, call) => {
    const { dash, requests } = modWith({ invoke: () => done, scroll: () => done, highlight: () => done });

    expect(await call(dash)).toStrictEqual(done);
    expect(requests).toMatchObject([{ rpc, message: { refId: "ID2B-ref", ...message } }]);
  });

  it("DR1: a query that is one tab's ref id and a part of another's label takes the first", async () => {
    const decoy = { ...worlds, label: "about ID1B00" };

    expect(await findTab([decoy, settings], "ID1B00")).toStrictEqual(settings);
  });

  it.each([
    ["DR2", "settings"],
    ["DR3", "settin"],
    ["DR4", "Dash.Screens.Settings"],
    ["DL1", "Settings"],
  ])("%s: %j takes the tab Settings", async (_, query) => {
    expect(await findTab([worlds, settings, contacts], query)).toStrictEqual(settings);
  });

  it("DR5: nothing that matches throws NoMatchError with the labels", async () => {
    const failure = findTab([worlds, settings], "Inventory");

    await expect(failure).rejects.toBeInstanceOf(NoMatchError);
    await expect(failure).rejects.toMatchObject({
      message: expect.stringMatching(/no match.*dash tabs.*ワールド.*設定/),
      candidates: ["ワールド", "設定"],
    });
  });

  it("DR6: a part of three tabs throws AmbiguousMatchError with the labels", async () => {
    const failure = findTab([worlds, settings, contacts], "Dash.Screens.");

    await expect(failure).rejects.toBeInstanceOf(AmbiguousMatchError);
    await expect(failure).rejects.toMatchObject({
      message: expect.stringContaining("matched 3 dash tabs"),
      candidates: ["ワールド", "設定", "フレンド"],
    });
  });

  it.each([["settings"], [1]])("DL2: selectTab(%j) sends the whole ref id and no locale key", async (query) => {
    const { dash, requests } = modWith({
      listTabs: () => ({ tabs: [worlds, settings] }),
      setTab: ({ refId }) => ({ ...done, refId }),
    });

    expect(await dash.selectTab(query)).toStrictEqual({ ...done, refId: "ID1B00" });
    expect(requests).toMatchObject([
      { rpc: "ListTabs" },
      { rpc: "SetTab", message: { refId: "ID1B00", localeKey: "" } },
    ]);
  });

  it("DL3: findControl asks for enabled controls and returns the one that matches", async () => {
    const { dash, requests } = modWith({ listControls: () => ({ controls: [refresh, list] }) });

    expect(await dash.findControl("World List")).toStrictEqual({ ...list, parentRefId: undefined });
    expect(requests).toMatchObject([{ rpc: "ListControls", message: { includeDisabled: false } }]);
  });

  it.each<[string, string, object, (dash: DashClient) => Promise<unknown>]>([
    ["DL4", "Invoke", {}, (dash) => dash.invokeByLabel("refresh")],
    ["DL5", "Scroll", { deltaX: 0.5, deltaY: -2 }, (d) => d.scrollByLabel("refresh", { deltaX: 0.5, deltaY: -2 })],
    ["DL5", "Scroll", { deltaX: 0, deltaY: 0 }, (dash) => dash.scrollByLabel("更新")],
    ["DL6", "Highlight", {}, (dash) => dash.highlightByLabel("refresh")],
    ["by index", "Invoke", {}, (dash) => dash.invokeByLabel(1)],
  ])("%s: %s gets the whole ref id of the control that matches", async (_, rpc, message, call) => {
    const { dash, requests } = modWith(withControls);

    expect(await call(dash)).toStrictEqual(done);
    expect(requests).toMatchObject([
      { rpc: "ListControls", message: { includeDisabled: false } },
      { rpc, message: { refId: "ID2B-ref", ...message } },
    ]);
  });

  it.each(["Inventory", 2])("DL7: selectTab(%j) with no such tab throws and sets none", async (query) => {
    const { dash, requests } = modWith({ listTabs: () => ({ tabs: [worlds, settings] }), setTab: () => done });

    await expect(dash.selectTab(query)).rejects.toBeInstanceOf(NoMatchError);
    expect(requests).toMatchObject([{ rpc: "ListTabs" }]);
  });

  it.each<[string, (dash: DashClient) => Promise<unknown>]>([
    ["invokeByLabel", (dash) => dash.invokeByLabel("-ref")],
    ["scrollByLabel", (dash) => dash.scrollByLabel("-ref", { deltaY: 1 })],
    ["highlightByLabel", (dash) => dash.highlightByLabel("-ref")],
  ])("DL8: %s with a part of two ref ids throws and acts on none", async (_, call) => {
    const { dash, requests } = modWith(withControls);

    const failure = call(dash);

    await expect(failure).rejects.toBeInstanceOf(AmbiguousMatchError);
    await expect(failure).rejects.toMatchObject({ candidates: ["World List", "更新"] });
    expect(requests).toMatchObject([{ rpc: "ListControls" }]);
  });
});

describe("DashClient", () => {
  it.each(["invoke", "scroll", "highlight"] as const)("returns a miss of %s and does not throw it", async (method) => {
    const { dash } = modWith({ [method]: () => missed });

    expect(await dash[method]("ID404")).toStrictEqual(missed);
  });

  it("returns a tab that was not found and does not throw it", async () => {
    const result = { ok: false, found: false, refId: "", detail: "tab not found" };
    const { dash } = modWith({ setTab: () => result });

    expect(await dash.setTab({ refId: "ID404" })).toStrictEqual(result);
  });

  it.each(["", "slider", "Button"])(
    'takes the control type %j, which a newer mod may send, as "unknown"',
    async (type) => {
      const { dash } = modWith({ listControls: () => ({ controls: [{ ...list, controlType: type }] }) });

      expect(await dash.listControls()).toMatchObject([{ controlType: "unknown" }]);
    },
  );

  it.each(["ID9", "Dash.Custom", "OwnTab", "自作"])("finds a tab by its text %j, whichever that is", async (query) => {
    const own = { ...settings, refId: "ID9", localeKey: "Dash.Custom", name: "OwnTab", label: "自作" };

    expect(await findTab([worlds, own], query)).toStrictEqual(own);
  });

  it("finds a tab by its index in the listing", async () => {
    expect(await findTab([worlds, settings], 1)).toStrictEqual(settings);
  });

  it("says when there is no control to choose from", async () => {
    const { dash } = modWith({ listControls: () => ({}) });

    await expect(dash.invokeByLabel("refresh")).rejects.toThrow("is the dash open?");
  });

  it.each<[string, (dash: DashClient) => Promise<unknown>]>([
    ["findTab(-1)", (dash) => dash.findTab(-1)],
    ["selectTab(0.5)", (dash) => dash.selectTab(0.5)],
    ["findControl(NaN)", (dash) => dash.findControl(Number.NaN)],
    ["invokeByLabel(-1)", (dash) => dash.invokeByLabel(-1)],
    ["scroll by NaN", (dash) => dash.scroll("ID2A-ref", { deltaX: Number.NaN })],
    ["scrollByLabel by NaN", (dash) => dash.scrollByLabel("World List", { deltaY: Number.NaN })],
  ])("throws for %s and sends nothing", async (_, call) => {
    const { dash, requests } = modWith({ ...withControls, listTabs: () => ({ tabs: [worlds] }) });

    const failure = call(dash);

    await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(failure).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
    expect(requests).toEqual([]);
  });

  it("passes call options on, to both calls where there are two", async () => {
    const seen: string[] = [];
    const see = (name: string, header: Headers) => void seen.push(`${name} ${header.get("x-trace")}`);
    const call = { headers: { "x-trace": "42" } };
    const { dash } = modWith({
      open: (_, { requestHeader }) => see("open", requestHeader) ?? {},
      close: (_, { requestHeader }) => see("close", requestHeader) ?? {},
      getState: (_, { requestHeader }) => see("getState", requestHeader) ?? {},
      listTabs: (_, { requestHeader }) => see("listTabs", requestHeader) ?? { tabs: [worlds] },
      setTab: (_, { requestHeader }) => see("setTab", requestHeader) ?? {},
      listControls: (_, { requestHeader }) => see("listControls", requestHeader) ?? { controls: [list] },
      invoke: (_, { requestHeader }) => see("invoke", requestHeader) ?? {},
      scroll: (_, { requestHeader }) => see("scroll", requestHeader) ?? {},
      highlight: (_, { requestHeader }) => see("highlight", requestHeader) ?? {},
    });

    await dash.open(call);
    await dash.close(call);
    await dash.getState(call);
    await dash.setTab({ refId: "ID1A00", ...call });
    await dash.listControls({ includeDisabled: true, ...call });
    await dash.selectTab(0, call);
    await dash.invokeByLabel(0, call);
    await dash.scrollByLabel(0, { deltaX: 1, ...call });
    await dash.highlightByLabel(0, call);

    const byName = ["open", "close", "getState", "setTab", "listControls"];
    const byQuery = [
      "listTabs",
      "setTab",
      "listControls",
      "invoke",
      "listControls",
      "scroll",
      "listControls",
      "highlight",
    ];
    expect(seen).toEqual([...byName, ...byQuery].map((name) => `${name} 42`));
  });

  it.each<[string, (dash: DashClient) => Promise<unknown>]>([
    ["listing", (dash) => dash.selectTab("Worlds")],
    ["action", (dash) => dash.invokeByLabel("refresh")],
  ])("passes the mod's failure of the %s through unchanged", async (_, call) => {
    const fail = () => {
      throw new ConnectError("the dash is not there yet", Code.FailedPrecondition);
    };
    const { dash } = modWith({ ...withControls, listTabs: fail, invoke: fail });

    const failure = call(dash);

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: "the dash is not there yet",
    });
  });
});

const withControls = {
  listControls: () => ({ controls: [list, refresh] }),
  invoke: () => done,
  scroll: () => done,
  highlight: () => done,
} satisfies Partial<ServiceImpl<typeof Dash>>;

function modWith(handlers: Partial<ServiceImpl<typeof Dash>>) {
  const { transport, requests } = fakeMod(Dash, handlers);
  return { dash: new DashClient(transport), requests };
}

function findTab(tabs: readonly MessageInitShape<typeof DashTabSchema>[], query: string | number) {
  return modWith({ listTabs: () => ({ tabs: [...tabs] }) }).dash.findTab(query);
}
