import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { AmbiguousMatchError } from "../errors/ambiguous-match-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { NoMatchError } from "../errors/no-match-error.js";
import { ContextMenu, ContextMenuHand, type ContextMenuStateSchema } from "../gen/resonite_io/v1/context_menu_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { ContextMenuClient } from "./context-menu.js";

type WireState = MessageInitShape<typeof ContextMenuStateSchema>;

const wireItems = [
  { index: 0, label: "Move", enabled: true, hasIcon: false, colorR: 0.5, colorG: 0.25, colorB: 1, colorA: 0 },
  { index: 1, label: "Move all", enabled: false, hasIcon: true, colorR: 0, colorG: 1, colorB: 0.75, colorA: 0.125 },
  { index: 2, label: "Undo", enabled: true, hasIcon: true, colorR: 1, colorG: 1, colorB: 1, colorA: 1 },
];

const items = [
  { index: 0, label: "Move", enabled: true, hasIcon: false, color: { r: 0.5, g: 0.25, b: 1, a: 0 } },
  { index: 1, label: "Move all", enabled: false, hasIcon: true, color: { r: 0, g: 1, b: 0.75, a: 0.125 } },
  { index: 2, label: "Undo", enabled: true, hasIcon: true, color: { r: 1, g: 1, b: 1, a: 1 } },
];

const openState: WireState = { isOpen: true, items: wireItems, highlightedIndex: -1 };
const closedState: WireState = { isOpen: false, items: [], highlightedIndex: -1 };

// The cases that the mod's own client is accepted by, in their numbering. MC6 is about a client that is not connected yet,
// which does not exist here.
describe("ContextMenuClient acceptance cases", () => {
  it("MC1: open() is for the primary hand and returns the items in order, with no highlight", async () => {
    const { menu, requests } = modWith(openState);

    expect(await menu.open()).toStrictEqual({ isOpen: true, items, highlightedIndex: undefined });
    expect(requests).toMatchObject([{ rpc: "Open", message: { hand: ContextMenuHand.PRIMARY } }]);
  });

  it("MC2: close sends the hand and returns the closed menu", async () => {
    const { menu, requests } = modWith(closedState);

    expect(await menu.close({ hand: "left" })).toStrictEqual({
      isOpen: false,
      items: [],
      highlightedIndex: undefined,
    });
    expect(requests).toMatchObject([{ rpc: "Close", message: { hand: ContextMenuHand.LEFT } }]);
  });

  it("MC3: getState sends the hand and changes nothing", async () => {
    const { menu, requests } = modWith(openState);

    expect(await menu.getState({ hand: "right" })).toStrictEqual({ isOpen: true, items, highlightedIndex: undefined });
    expect(requests).toMatchObject([{ rpc: "GetState", message: { hand: ContextMenuHand.RIGHT } }]);
  });

  it("MC4: highlight sends index and hand and returns what is highlighted", async () => {
    const { menu, requests } = modWith({ ...openState, highlightedIndex: 1 });

    expect((await menu.highlight(1, { hand: "left" })).highlightedIndex).toBe(1);
    expect(requests).toMatchObject([{ rpc: "Highlight", message: { index: 1, hand: ContextMenuHand.LEFT } }]);
  });

  it("MC5: invoke(0) is for the first item of the primary hand's menu", async () => {
    const { menu, requests } = modWith(openState);

    await menu.invoke(0);

    expect(requests).toMatchObject([{ rpc: "Invoke", message: { index: 0, hand: ContextMenuHand.PRIMARY } }]);
  });
});

describe("ContextMenuClient", () => {
  it("tells the first item highlighted from none", async () => {
    const { menu } = modWith({ ...openState, highlightedIndex: 0 });

    expect((await menu.getState()).highlightedIndex).toBe(0);
  });

  it.each<[string, string | number, number]>([
    ["the exact label before another that contains it", "Move", 0],
    ["the label in another case", "move ALL", 1],
    ["a part of the label", "nd", 2],
    ["the index", 2, 2],
  ])("finds an item by %s and presses or highlights it for the same hand", async (_, query, index) => {
    const { menu, requests } = modWith(openState);

    await menu.invokeByLabel(query, { hand: "left" });
    await menu.highlightByLabel(query, { hand: "right" });

    expect(requests).toMatchObject([
      { rpc: "GetState", message: { hand: ContextMenuHand.LEFT } },
      { rpc: "Invoke", message: { hand: ContextMenuHand.LEFT, index } },
      { rpc: "GetState", message: { hand: ContextMenuHand.RIGHT } },
      { rpc: "Highlight", message: { hand: ContextMenuHand.RIGHT, index } },
    ]);
  });

  it("returns the menu that results from pressing, not the one that was searched", async () => {
    const { transport } = fakeMod(ContextMenu, { getState: () => openState, invoke: () => closedState });

    expect(await new ContextMenuClient(transport).invokeByLabel("Undo")).toMatchObject({ isOpen: false, items: [] });
  });

  it.each(["invokeByLabel", "highlightByLabel"] as const)(
    "%s acts on nothing when several items match",
    async (method) => {
      const { menu, requests } = modWith(openState);

      const failure = menu[method]("mov");

      await expect(failure).rejects.toBeInstanceOf(AmbiguousMatchError);
      await expect(failure).rejects.toMatchObject({
        code: "AMBIGUOUS_MATCH",
        message: expect.stringContaining("matched 2 menu items"),
        candidates: ["Move", "Move all"],
      });
      expect(requests).toMatchObject([{ rpc: "GetState" }]);
    },
  );

  it.each<["invokeByLabel" | "highlightByLabel", string | number]>([
    ["invokeByLabel", "Save"],
    ["invokeByLabel", 3],
    ["highlightByLabel", "Save"],
    ["highlightByLabel", 3],
  ])("%s(%j) acts on nothing when no item matches", async (method, query) => {
    const { menu, requests } = modWith(openState);

    const failure = menu[method](query);

    await expect(failure).rejects.toBeInstanceOf(NoMatchError);
    await expect(failure).rejects.toMatchObject({ code: "NO_MATCH", candidates: ["Move", "Move all", "Undo"] });
    expect(requests).toMatchObject([{ rpc: "GetState" }]);
  });

  it("says that the menu may be closed when there are no items to choose from", async () => {
    await expect(modWith(closedState).menu.invokeByLabel("Move")).rejects.toThrow("is the menu open?");
  });

  it.each<[string, (menu: ContextMenuClient) => Promise<unknown>]>([
    ["a negative index", (menu) => menu.invoke(-1)],
    ["a fraction", (menu) => menu.highlight(0.5)],
    ["NaN", (menu) => menu.invoke(Number.NaN)],
    ["an index that the wire cannot hold", (menu) => menu.highlight(2 ** 31)],
    ["a negative index to look up", (menu) => menu.invokeByLabel(-1)],
    ["a hand that does not exist", (menu) => menu.open({ hand: untyped("both") })],
    ["a hand that does not exist", (menu) => menu.highlightByLabel("Move", { hand: untyped("LEFT") })],
  ])("throws for %s and sends nothing", async (_, call) => {
    const { menu, requests } = modWith(openState);

    const failure = call(menu);

    await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(failure).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
    expect(requests).toEqual([]);
  });

  it("does not send call options as part of the request, nor lose them", async () => {
    const headers: (string | null)[] = [];
    const handle = (_: unknown, { requestHeader }: HandlerContext) => {
      headers.push(requestHeader.get("x-trace"));
      return openState;
    };
    const { transport } = fakeMod(ContextMenu, {
      open: handle,
      close: handle,
      getState: handle,
      highlight: handle,
      invoke: handle,
    });
    const menu = new ContextMenuClient(transport);
    const call = { headers: { "x-trace": "42" } };

    await menu.open(call);
    await menu.close(call);
    await menu.highlightByLabel(0, call);
    await menu.invokeByLabel(0, call);

    expect(headers).toEqual(Array(6).fill("42"));
  });

  it("passes the mod's failure through unchanged", async () => {
    const { transport } = fakeMod(ContextMenu, {
      highlight() {
        throw new ConnectError("index 99 is out of range", Code.InvalidArgument);
      },
    });

    const failure = new ContextMenuClient(transport).highlight(99);

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: "index 99 is out of range",
    });
  });
});

function modWith(state: WireState) {
  const answer = () => state;
  const { transport, requests } = fakeMod(ContextMenu, {
    open: answer,
    close: answer,
    getState: answer,
    highlight: answer,
    invoke: answer,
  });
  return { menu: new ContextMenuClient(transport), requests };
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
