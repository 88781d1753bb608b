import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import { Grabber, GrabberButton, type GrabberGrabStateSchema, GrabberHand } from "../gen/resonite_io/v1/grabber_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { GrabberClient } from "./grabber.js";

const wireState = {
  hand: GrabberHand.LEFT,
  isHolding: true,
  objectNames: ["Cube", "", "Brush"],
  unixNanos: 2n ** 53n + 1n,
  isToolEquipped: true,
  equippedToolName: "Brush",
  heldButtons: [GrabberButton.SECONDARY, GrabberButton.PRIMARY],
} satisfies MessageInitShape<typeof GrabberGrabStateSchema>;

const state = {
  hand: "left",
  isHolding: true,
  objectNames: ["Cube", "", "Brush"],
  unixNanos: 2n ** 53n + 1n,
  isToolEquipped: true,
  equippedToolName: "Brush",
  heldButtons: ["secondary", "primary"],
};

const answering: Partial<ServiceImpl<typeof Grabber>> = {
  grab: () => ({ grabbed: true, state: wireState }),
  release: () => wireState,
  getState: () => wireState,
  use: () => wireState,
  unuse: () => wireState,
  equip: () => wireState,
  dequip: () => wireState,
};

describe("grab", () => {
  it("sends hand and radius and returns the outcome with every field, as plain objects", async () => {
    const { grabber, requests } = modWith(answering);

    expect(await grabber.grab({ hand: "left", radiusMetres: 0.25 })).toStrictEqual({ grabbed: true, state });
    expect(requests).toMatchObject([{ rpc: "Grab", message: { hand: GrabberHand.LEFT, radius: 0.25 } }]);
  });

  it("sends the primary hand and a radius of 0, which the mod has a default for, by default", async () => {
    const { grabber, requests } = modWith(answering);

    await grabber.grab();

    expect(requests).toMatchObject([{ message: { hand: GrabberHand.PRIMARY, radius: 0 } }]);
  });

  it("returns a miss, which is no failure", async () => {
    const { grabber } = modWith({ grab: () => ({ grabbed: false, state: { hand: GrabberHand.RIGHT } }) });

    expect(await grabber.grab()).toStrictEqual({
      grabbed: false,
      state: {
        hand: "right",
        isHolding: false,
        objectNames: [],
        unixNanos: 0n,
        isToolEquipped: false,
        equippedToolName: undefined,
        heldButtons: [],
      },
    });
  });

  it("throws when the answer has no state", async () => {
    const { grabber } = modWith({ grab: () => ({ grabbed: true }) });

    const failure = grabber.grab();

    await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
    await expect(failure).rejects.toMatchObject({
      code: "MALFORMED_RESPONSE",
      message: expect.stringContaining("grab"),
    });
  });

  it.each([-1, -0.001, Number.NaN, Infinity])("throws for a radius of %d and sends nothing", async (radiusMetres) => {
    const { grabber, requests } = modWith(answering);

    const failure = grabber.grab({ radiusMetres });

    await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(failure).rejects.toMatchObject({ message: expect.stringMatching(/^radiusMetres must be/) });
    expect(requests).toEqual([]);
  });
});

describe.each(["release", "getState", "equip", "dequip"] as const)("%s", (method) => {
  const rpc = method.charAt(0).toUpperCase() + method.slice(1);

  it("sends the hand, asks for nothing else, and returns the state", async () => {
    const { grabber, requests } = modWith(answering);

    expect(await grabber[method]({ hand: "right" })).toStrictEqual(state);
    expect(requests).toMatchObject([{ rpc, message: { hand: GrabberHand.RIGHT } }]);
  });

  it("is about the primary hand by default", async () => {
    const { grabber, requests } = modWith(answering);

    await grabber[method]();

    expect(requests).toMatchObject([{ message: { hand: GrabberHand.PRIMARY } }]);
  });
});

describe("use", () => {
  it("sends hand, button and strength and returns the state", async () => {
    const { grabber, requests } = modWith(answering);

    expect(await grabber.use({ hand: "left", button: "secondary", strength: 0.5 })).toStrictEqual(state);
    expect(requests).toMatchObject([
      { rpc: "Use", message: { hand: GrabberHand.LEFT, button: GrabberButton.SECONDARY, strength: 0.5 } },
    ]);
  });

  it("presses the primary button of the primary hand as hard as can be by default", async () => {
    const { grabber, requests } = modWith(answering);

    await grabber.use();

    expect(requests).toMatchObject([
      { message: { hand: GrabberHand.PRIMARY, button: GrabberButton.PRIMARY, strength: 1 } },
    ]);
  });

  it("sends a strength of 0, which is not the default", async () => {
    const { grabber, requests } = modWith(answering);

    await grabber.use({ strength: 0 });

    expect(requests).toMatchObject([{ message: { strength: 0 } }]);
  });
});

describe("unuse", () => {
  it("sends hand and button and returns the state", async () => {
    const { grabber, requests } = modWith(answering);

    expect(await grabber.unuse({ hand: "left", button: "secondary" })).toStrictEqual(state);
    expect(requests).toMatchObject([
      { rpc: "Unuse", message: { hand: GrabberHand.LEFT, button: GrabberButton.SECONDARY } },
    ]);
  });

  it("is about the primary button of the primary hand by default", async () => {
    const { grabber, requests } = modWith(answering);

    await grabber.unuse();

    expect(requests).toMatchObject([{ message: { hand: GrabberHand.PRIMARY, button: GrabberButton.PRIMARY } }]);
  });
});

describe("the state", () => {
  it.each<[number, string]>([
    [GrabberHand.UNSPECIFIED, "primary"],
    [GrabberHand.PRIMARY, "primary"],
    [GrabberHand.LEFT, "left"],
    [GrabberHand.RIGHT, "right"],
    [99, "primary"],
  ])("names the hand with wire number %i %s", async (hand, name) => {
    const { grabber } = modWith({ getState: () => ({ ...wireState, hand }) });

    expect((await grabber.getState()).hand).toBe(name);
  });

  it.each<[readonly number[], readonly string[]]>([
    [[], []],
    [[GrabberButton.PRIMARY], ["primary"]],
    [[GrabberButton.SECONDARY], ["secondary"]],
    [[GrabberButton.UNSPECIFIED], ["primary"]],
    [[99, GrabberButton.SECONDARY, -1], ["secondary"]],
  ])("names the held buttons with wire numbers %j %j", async (wireButtons, heldButtons) => {
    const { grabber } = modWith({ getState: () => ({ ...wireState, heldButtons: [...wireButtons] }) });

    expect((await grabber.getState()).heldButtons).toStrictEqual(heldButtons);
  });

  it("has a name for every button of the contract", async () => {
    const numbers = Object.values(GrabberButton).filter((value) => typeof value === "number");
    const { grabber } = modWith({ getState: () => ({ ...wireState, heldButtons: numbers }) });

    expect((await grabber.getState()).heldButtons).toHaveLength(numbers.length);
  });

  it.each([
    ["undefined without a tool", { isToolEquipped: false, equippedToolName: "" }, undefined],
    ["empty for a tool without a name", { isToolEquipped: true, equippedToolName: "" }, ""],
  ])("has a tool name that is %s", async (_, tool, equippedToolName) => {
    const { grabber } = modWith({ getState: () => ({ ...wireState, ...tool }) });

    expect(await grabber.getState()).toStrictEqual({ ...state, ...tool, equippedToolName });
  });
});

describe("GrabberClient", () => {
  it.each<[string, (grabber: GrabberClient) => Promise<unknown>]>([
    ["hand", (grabber) => grabber.grab({ hand: untyped("both") })],
    ["hand", (grabber) => grabber.release({ hand: untyped("toString") })],
    ["hand", (grabber) => grabber.getState({ hand: untyped("") })],
    ["hand", (grabber) => grabber.use({ hand: untyped("both") })],
    ["hand", (grabber) => grabber.unuse({ hand: untyped("both") })],
    ["hand", (grabber) => grabber.click({ hand: untyped("both") })],
    ["hand", (grabber) => grabber.equip({ hand: untyped("both") })],
    ["hand", (grabber) => grabber.dequip({ hand: untyped("both") })],
    ["button", (grabber) => grabber.use({ button: untyped("tertiary") })],
    ["button", (grabber) => grabber.unuse({ button: untyped("tertiary") })],
    ["button", (grabber) => grabber.click({ button: untyped("tertiary") })],
  ])(
    "throws for a %s that does not exist, which only an untyped caller can give, and sends nothing",
    async (option, call) => {
      const { grabber, requests } = modWith(answering);

      const failure = call(grabber);

      await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(failure).rejects.toMatchObject({
        code: "INVALID_OPTIONS",
        message: expect.stringContaining(`${option} must be one of`),
      });
      expect(requests).toEqual([]);
    },
  );

  it.each([-0.1, 1.1, Number.NaN, Infinity])("throws for a strength of %d and sends nothing", async (strength) => {
    const { grabber, requests } = modWith(answering);

    for (const failure of [grabber.use({ strength }), grabber.click({ strength })]) {
      await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(failure).rejects.toBeInstanceOf(ResoioError);
      await expect(failure).rejects.toMatchObject({ message: expect.stringMatching(/^strength must be from 0 to 1/) });
    }
    expect(requests).toEqual([]);
  });

  it("does not send call options as part of the request, nor lose them", async () => {
    const seen: (string | null)[] = [];
    const see = (header: Headers) => void seen.push(header.get("x-trace"));
    const call = { headers: { "x-trace": "42" } };
    const { grabber } = modWith({
      grab: (_, { requestHeader }) => see(requestHeader) ?? { state: wireState },
      release: (_, { requestHeader }) => see(requestHeader) ?? wireState,
      getState: (_, { requestHeader }) => see(requestHeader) ?? wireState,
      use: (_, { requestHeader }) => see(requestHeader) ?? wireState,
      unuse: (_, { requestHeader }) => see(requestHeader) ?? wireState,
      equip: (_, { requestHeader }) => see(requestHeader) ?? wireState,
      dequip: (_, { requestHeader }) => see(requestHeader) ?? wireState,
    });

    await grabber.grab(call);
    await grabber.release(call);
    await grabber.getState(call);
    await grabber.use(call);
    await grabber.unuse(call);
    await grabber.equip(call);
    await grabber.dequip(call);
    expect(seen).toEqual(Array(Grabber.methods.length).fill("42"));

    await grabber.click(call);
    expect(seen).toEqual(Array(Grabber.methods.length + 2).fill("42"));
  });

  it.each(["grab", "release", "getState", "use", "unuse", "equip", "dequip"] as const)(
    "%s passes the mod's failure through unchanged",
    async (method) => {
      const { grabber } = modWith({
        [method]() {
          throw new ConnectError("grabbing works only in desktop mode", Code.FailedPrecondition);
        },
      });

      const failure = grabber[method]();

      await expect(failure).rejects.toBeInstanceOf(ConnectError);
      await expect(failure).rejects.toMatchObject({
        code: Code.FailedPrecondition,
        rawMessage: "grabbing works only in desktop mode",
      });
    },
  );

  it("is cancelled by the caller's signal", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { grabber } = modWith({
      grab(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const grabbing = grabber.grab({ signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(grabbing).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof Grabber>>) {
  const { transport, requests } = fakeMod(Grabber, handlers);
  return { grabber: new GrabberClient(transport), requests };
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
