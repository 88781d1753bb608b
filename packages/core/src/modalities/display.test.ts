import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import { Display } from "../gen/resonite_io/v1/display_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { DisplayClient } from "./display.js";

describe("apply", () => {
  it("sends all settings, asks for nothing else, and returns nothing", async () => {
    const { display, requests } = modWith({ apply: () => ({}) });

    expect(await display.apply({ width: 1920, height: 1080, maxFps: 120 })).toBeUndefined();
    expect(requests).toMatchObject([{ rpc: "Apply", message: { width: 1920, height: 1080, maxFps: 120 } }]);
  });

  it.each([
    [{ width: 1920 }, { width: 1920, height: 0, maxFps: 0 }],
    [{ height: 1080 }, { width: 0, height: 1080, maxFps: 0 }],
    [{ maxFps: 120 }, { width: 0, height: 0, maxFps: 120 }],
    [{ maxFps: 1 }, { width: 0, height: 0, maxFps: 1 }],
    [{ maxFps: 59.5 }, { width: 0, height: 0, maxFps: 59.5 }],
    [
      { width: 0, height: 0, maxFps: 0 },
      { width: 0, height: 0, maxFps: 0 },
    ],
    [{ maxFps: 0 }, { width: 0, height: 0, maxFps: 0 }],
    [
      { width: 2 ** 32 - 1, height: 1 },
      { width: 2 ** 32 - 1, height: 1, maxFps: 0 },
    ],
  ])("sends %j with 0 for what is not given", async (options, message) => {
    const { display, requests } = modWith({ apply: () => ({}) });

    await display.apply(options);

    expect(requests).toMatchObject([{ message }]);
  });

  it.each([
    ["no setting", {}, /at least one of width, height and maxFps/],
    ["nothing but call options", { timeoutMs: 1000 }, /at least one of width, height and maxFps/],
    ["a negative width", { width: -1 }, /^width must be/],
    ["a width that is not whole", { width: 800.5 }, /^width must be/],
    ["a width that the wire does not hold", { width: 2 ** 32 }, /^width must be/],
    ["a height that is not a number", { height: Number.NaN }, /^height must be/],
    ["an infinite height", { height: Infinity }, /^height must be/],
    ["a negative maxFps", { maxFps: -1 }, /^maxFps must be/],
    ["a maxFps below 1, which the mod would cut to 0", { maxFps: 0.5 }, /^maxFps must be/],
    ["a maxFps that is not a number", { maxFps: Number.NaN }, /^maxFps must be/],
    ["an infinite maxFps", { maxFps: Infinity }, /^maxFps must be/],
  ])("throws for %s and sends nothing", async (_, options, message) => {
    const { display, requests } = modWith({ apply: () => ({}) });

    const failure = display.apply(options);

    await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(failure).rejects.toBeInstanceOf(ResoioError);
    await expect(failure).rejects.toMatchObject({
      code: "INVALID_OPTIONS",
      message: expect.stringMatching(message),
    });
    expect(requests).toEqual([]);
  });
});

describe("get", () => {
  it("returns the settings as a plain object and applies nothing", async () => {
    const { display, requests } = modWith({ get: () => ({ width: 2560, height: 1440, maxFps: 144 }) });

    expect(await display.get()).toStrictEqual({ width: 2560, height: 1440, maxFps: 144 });
    expect(requests).toMatchObject([{ rpc: "Get" }]);
  });
});

describe("DisplayClient", () => {
  it("passes call options on", async () => {
    const seen: (string | null)[] = [];
    const see = (header: Headers) => void seen.push(header.get("x-trace"));
    const call = { headers: { "x-trace": "42" } };
    const { display } = modWith({
      apply: (_, { requestHeader }) => see(requestHeader) ?? {},
      get: (_, { requestHeader }) => see(requestHeader) ?? {},
    });

    await display.apply({ maxFps: 60, ...call });
    await display.get(call);

    expect(seen).toEqual(["42", "42"]);
  });

  it.each<[string, Code, (display: DisplayClient) => Promise<unknown>]>([
    ["apply", Code.FailedPrecondition, (display) => display.apply({ maxFps: 60 })],
    ["apply", Code.Unavailable, (display) => display.apply({ width: 800, height: 600 })],
    ["get", Code.FailedPrecondition, (display) => display.get()],
    ["get", Code.Internal, (display) => display.get()],
  ])("%s passes the mod's failure through unchanged (code %i)", async (_, code, call) => {
    const fail = () => {
      throw new ConnectError("from the mod", code);
    };
    const { display } = modWith({ apply: fail, get: fail });

    const failure = call(display);

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({ code, rawMessage: "from the mod" });
  });

  it("is cancelled by the caller's signal", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { display } = modWith({
      apply(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const applying = display.apply({ maxFps: 60, signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(applying).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof Display>>) {
  const { transport, requests } = fakeMod(Display, handlers);
  return { display: new DisplayClient(transport), requests };
}
