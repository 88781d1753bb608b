import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Grabber, GrabberButton, GrabberHand, type GrabberUnuseRequest } from "../gen/resonite_io/v1/grabber_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { GrabberClient } from "./grabber.js";

describe("click", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("presses, then lets go, and returns the state after that", async () => {
    const { grabber, requests, pressed } = handWith();

    const state = await grabber.click({ hand: "left", button: "secondary", strength: 0.5 });

    expect(requests).toMatchObject([
      { rpc: "Use", message: { hand: GrabberHand.LEFT, button: GrabberButton.SECONDARY, strength: 0.5 } },
      { rpc: "Unuse", message: { hand: GrabberHand.LEFT, button: GrabberButton.SECONDARY } },
    ]);
    expect(state).toMatchObject({ hand: "left", heldButtons: [] });
    expect(pressed).toEqual(new Set());
  });

  it("clicks the primary button of the primary hand as hard as can be by default", async () => {
    const { grabber, requests } = handWith();

    await grabber.click();

    expect(requests).toMatchObject([
      { rpc: "Use", message: { hand: GrabberHand.PRIMARY, button: GrabberButton.PRIMARY, strength: 1 } },
      { rpc: "Unuse", message: { hand: GrabberHand.PRIMARY, button: GrabberButton.PRIMARY } },
    ]);
  });

  it("lets go of a button that was pressed although the press failed, and throws that failure", async () => {
    const { grabber, requests, pressed } = handWith({
      afterUse() {
        throw new ConnectError("the answer was lost", Code.Unavailable);
      },
    });

    await expect(grabber.click({ hand: "right" })).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "the answer was lost",
    });
    expect(requests).toMatchObject([{ rpc: "Use" }, { rpc: "Unuse", message: { hand: GrabberHand.RIGHT } }]);
    expect(pressed).toEqual(new Set());
  });

  it("lets go once more when letting go failed, and throws that failure", async () => {
    const failures = [new ConnectError("from the mod", Code.Internal)];
    const { grabber, requests, pressed } = handWith({
      beforeUnuse() {
        const failure = failures.pop();
        if (failure !== undefined) throw failure;
      },
    });

    await expect(grabber.click()).rejects.toMatchObject({ code: Code.Internal, rawMessage: "from the mod" });
    expect(requests).toMatchObject([{ rpc: "Use" }, { rpc: "Unuse" }, { rpc: "Unuse" }]);
    expect(pressed).toEqual(new Set());
  });

  it("throws the first failure when nothing works", async () => {
    const { grabber, requests } = handWith({
      afterUse() {
        throw new ConnectError("first", Code.Internal);
      },
      beforeUnuse() {
        throw new ConnectError("second", Code.Unavailable);
      },
    });

    await expect(grabber.click()).rejects.toMatchObject({ code: Code.Internal, rawMessage: "first" });
    expect(requests).toMatchObject([{ rpc: "Use" }, { rpc: "Unuse" }]);
  });

  it("lets go also when the caller's signal cancels the press, with the caller's headers", async () => {
    const arrived = Promise.withResolvers<void>();
    const trace: (string | null)[] = [];
    const { grabber, pressed } = handWith({
      afterUse() {
        arrived.resolve();
        return new Promise(() => {});
      },
      beforeUnuse(_, { requestHeader }) {
        trace.push(requestHeader.get("x-trace"));
      },
    });
    const caller = new AbortController();
    const clicking = grabber.click({ signal: caller.signal, headers: { "x-trace": "42" } });
    await arrived.promise;
    expect(pressed.size).toBe(1);

    caller.abort();

    await expect(clicking).rejects.toMatchObject({ code: Code.Canceled });
    expect(pressed).toEqual(new Set());
    expect(trace).toEqual(["42"]);
  });

  it("lets go also when the caller's signal aborts between press and letting go", async () => {
    const caller = new AbortController();
    const { grabber, pressed } = handWith({
      beforeUnuse(_, { signal }) {
        if (!caller.signal.aborted) {
          caller.abort();
          signal.throwIfAborted();
        }
      },
    });

    await expect(grabber.click({ signal: caller.signal })).rejects.toMatchObject({ code: Code.Canceled });
    expect(pressed).toEqual(new Set());
  });

  it("waits a second for that, not for ever, and keeps the caller's failure", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const pressing = Promise.withResolvers<void>();
    const lettingGo = Promise.withResolvers<void>();
    const { grabber } = handWith({
      afterUse() {
        pressing.resolve();
        return new Promise(() => {});
      },
      beforeUnuse() {
        lettingGo.resolve();
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const outcomes: unknown[] = [];
    const clicking = grabber
      .click({ signal: caller.signal, timeoutMs: 60_000 })
      .catch((error: unknown) => void outcomes.push(error));
    await pressing.promise;
    caller.abort();
    await lettingGo.promise;

    await vi.advanceTimersByTimeAsync(999);
    expect(outcomes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await clicking;

    expect(outcomes).toMatchObject([{ code: Code.Canceled }]);
  });

  it("leaves nothing pressed when the signal was aborted before", async () => {
    const { grabber, pressed } = handWith();

    await expect(grabber.click({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: Code.Canceled });
    expect(pressed).toEqual(new Set());
  });
});

/** A mod that knows which buttons are pressed. The hooks run after a press took effect and before one ends. */
function handWith(
  hooks: {
    afterUse?: () => void | Promise<void>;
    beforeUnuse?: (request: GrabberUnuseRequest, context: HandlerContext) => void | Promise<void>;
  } = {},
) {
  const pressed = new Set<GrabberButton>();
  const handlers: Partial<ServiceImpl<typeof Grabber>> = {
    async use({ hand, button }) {
      pressed.add(button);
      await hooks.afterUse?.();
      return { hand, heldButtons: [...pressed] };
    },
    async unuse(request, context) {
      await hooks.beforeUnuse?.(request, context);
      pressed.delete(request.button);
      return { hand: request.hand, heldButtons: [...pressed] };
    },
  };
  const { transport, requests } = fakeMod(Grabber, handlers);
  return { grabber: new GrabberClient(transport), requests, pressed };
}
