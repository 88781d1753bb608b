import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import { Cursor, type CursorStateSchema } from "../gen/resonite_io/v1/cursor_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { CursorClient } from "./cursor.js";

const wireState = {
  x: 0.5,
  y: 0.25,
  windowWidth: 1920,
  windowHeight: 1080,
  held: true,
} satisfies MessageInitShape<typeof CursorStateSchema>;

const state = { x: 0.5, y: 0.25, window: { width: 1920, height: 1080 }, held: true };

describe("CursorClient", () => {
  it("setPosition sends the position and returns the state, as a plain object", async () => {
    const { cursor, requests } = modWith({ setPosition: () => wireState });

    expect(await cursor.setPosition(0.5, 0.25)).toStrictEqual(state);
    expect(requests).toMatchObject([{ rpc: "SetPosition", message: { x: 0.5, y: 0.25 } }]);
  });

  it("center sends the middle of the window and returns the state", async () => {
    const { cursor, requests } = modWith({ setPosition: () => wireState });

    expect(await cursor.center()).toStrictEqual(state);
    expect(requests).toMatchObject([{ rpc: "SetPosition", message: { x: 0.5, y: 0.5 } }]);
  });

  it.each([true, false])("getPosition returns held=%j as the mod says, and asks for nothing else", async (held) => {
    const { cursor, requests } = modWith({ getPosition: () => ({ ...wireState, held }) });

    expect(await cursor.getPosition()).toStrictEqual({ ...state, held });
    expect(requests).toMatchObject([{ rpc: "GetPosition" }]);
  });

  it("release returns the state after it, and asks for nothing else", async () => {
    const { cursor, requests } = modWith({ release: () => ({ ...wireState, held: false }) });

    expect(await cursor.release()).toStrictEqual({ ...state, held: false });
    expect(requests).toMatchObject([{ rpc: "Release" }]);
  });

  it.each([
    [0, 0],
    [1, 1],
    [0, 1],
    [1, 0],
  ])("takes the corner (%d, %d)", async (x, y) => {
    const { cursor, requests } = modWith({ setPosition: () => wireState });

    await cursor.setPosition(x, y);

    expect(requests).toMatchObject([{ message: { x, y } }]);
  });

  it.each([
    [1.5, 0.5, "x"],
    [-0.1, 0.5, "x"],
    [0.5, 2, "y"],
    [0.5, -0.5, "y"],
    [Number.NaN, 0.5, "x"],
    [0.5, Number.NaN, "y"],
    [Infinity, 0.5, "x"],
    [0.5, -Infinity, "y"],
  ])("throws for the position (%d, %d) and sends nothing", async (x, y, wrong) => {
    const { cursor, requests } = modWith({ setPosition: () => wireState });

    const failure = cursor.setPosition(x, y);

    await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(failure).rejects.toBeInstanceOf(ResoioError);
    await expect(failure).rejects.toMatchObject({
      code: "INVALID_OPTIONS",
      message: expect.stringMatching(new RegExp(`^${wrong} must be from 0 to 1`)),
    });
    expect(requests).toEqual([]);
  });

  it("passes call options on", async () => {
    const seen: (string | null)[] = [];
    const see = (header: Headers) => void seen.push(header.get("x-trace"));
    const call = { headers: { "x-trace": "42" } };
    const { cursor } = modWith({
      setPosition: (_, { requestHeader }) => see(requestHeader) ?? wireState,
      getPosition: (_, { requestHeader }) => see(requestHeader) ?? wireState,
      release: (_, { requestHeader }) => see(requestHeader) ?? wireState,
    });

    await cursor.setPosition(0, 0, call);
    await cursor.center(call);
    await cursor.getPosition(call);
    await cursor.release(call);

    expect(seen).toEqual(["42", "42", "42", "42"]);
  });

  it("is cancelled by the caller's signal while the mod waits for the cursor", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { cursor } = modWith({
      setPosition(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const moving = cursor.setPosition(0.5, 0.5, { signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(moving).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });

  it.each<[string, Code, (cursor: CursorClient) => Promise<unknown>]>([
    ["setPosition", Code.InvalidArgument, (cursor) => cursor.setPosition(0.5, 0.5)],
    ["center", Code.Unavailable, (cursor) => cursor.center()],
    ["getPosition", Code.FailedPrecondition, (cursor) => cursor.getPosition()],
    ["release", Code.Internal, (cursor) => cursor.release()],
  ])("%s passes the mod's failure through unchanged (code %i)", async (_, code, call) => {
    const fail = () => {
      throw new ConnectError("from the mod", code);
    };
    const { cursor } = modWith({ setPosition: fail, getPosition: fail, release: fail });

    const failure = call(cursor);

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({ code, rawMessage: "from the mod" });
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof Cursor>>) {
  const { transport, requests } = fakeMod(Cursor, handlers);
  return { cursor: new CursorClient(transport), requests };
}
