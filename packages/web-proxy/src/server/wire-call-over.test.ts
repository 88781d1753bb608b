import { create, type DescMethod, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, createRouterTransport } from "@connectrpc/connect";
import { type ResoniteTransport, services } from "@resoio/core";
import { PingRequestSchema, PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import type { WireCallRequest } from "@resoio/core/internal";
import { describe, expect, it } from "vitest";
import { createCallOver } from "./wire-call-over.js";

const { ping } = services.connection.method;
const { streamFrames } = services.camera.method;
const { drive } = services.locomotion.method;
const unreadable = Uint8Array.of(10, 200);

/** A call over an in-process transport with the given handlers, and what it was told. */
function call(
  define: (router: ConnectRouter) => void,
  method: DescMethod,
  request: Omit<WireCallRequest, "method"> = {},
  more: Partial<ResoniteTransport> = {},
) {
  const transport = { ...createRouterTransport(define), ...more };
  const told: string[] = [];
  const messages: Uint8Array[] = [];
  const ended = Promise.withResolvers<ConnectError | undefined>();
  const arrivals: (() => void)[] = [];
  const wire = createCallOver(transport)(
    { ...request, method },
    {
      onOpen: () => told.push("open"),
      onHeader: () => told.push("header"),
      onMessage(message) {
        told.push("message");
        messages.push(message);
        for (const arrived of arrivals.splice(0)) arrived();
      },
      onEnd(error, isOwnDoing) {
        told.push(isOwnDoing ? "own end" : "end");
        ended.resolve(error);
      },
    },
  );
  const nextMessage = () => new Promise<void>((resolve) => arrivals.push(resolve));
  return { wire, told, messages, ended: ended.promise, nextMessage };
}

const pingBytes = toBinary(PingRequestSchema, create(PingRequestSchema, { message: "hello" }));

const echo = (router: ConnectRouter): void => {
  router.rpc(ping, ({ message }, { responseHeader, responseTrailer, requestHeader }) => {
    responseHeader.set("x-header", requestHeader.get("x-own") ?? "none");
    responseTrailer.set("x-trailer", "1");
    return { message };
  });
};

describe("a call in message bytes over any transport", () => {
  it("carries a unary call with headers and trailers", async () => {
    const { wire, told, messages, ended } = call(echo, ping, { header: new Headers({ "x-own": "7" }) });

    wire.start();
    wire.sendLast(pingBytes);

    expect(await ended).toBeUndefined();
    expect(told).toEqual(["open", "header", "message", "end"]);
    expect(fromBinary(PingResponseSchema, messages[0] ?? unreadable).message).toBe("hello");
    expect(wire.header.get("x-header")).toBe("7");
    expect(wire.trailer.get("x-trailer")).toBe("1");
  });

  it("carries fields that this version does not know", async () => {
    const extended = Uint8Array.from([...pingBytes, 0xc0, 0x3e, 5]);
    let seen: unknown;
    const { wire, ended } = call(
      (router) =>
        router.rpc(ping, (request) => {
          seen = request.$unknown;
          return {};
        }),
      ping,
    );

    wire.start();
    wire.sendLast(extended);

    expect(await ended).toBeUndefined();
    expect(seen).toMatchObject([{ no: 1000 }]);
  });

  it.each([
    ["no request", []],
    ["two requests", [pingBytes, pingBytes]],
  ])("refuses a unary call with %s", async (_, requests) => {
    const { wire, ended } = call(echo, ping);

    wire.start();
    for (const request of requests) wire.send(request);
    wire.halfClose();

    expect((await ended)?.code).toBe(Code.InvalidArgument);
  });

  it("passes on a failure with its code, message, and metadata as trailers", async () => {
    const { wire, told, ended } = call(
      (router) =>
        router.rpc(ping, () => {
          throw new ConnectError("no such thing", Code.NotFound, { "x-why": "because" });
        }),
      ping,
    );

    wire.start();
    wire.sendLast(pingBytes);
    const error = await ended;

    expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "no such thing" });
    expect(wire.trailer.get("x-why")).toBe("because");
    expect(told).toEqual(["open", "end"]);
  });

  it.each([
    ["is there", true, Code.InvalidArgument],
    ["is missing", false, Code.Unimplemented],
    ["may be there or not", undefined, Code.InvalidArgument],
  ])("answers an unreadable request when the method %s", async (_, has, code) => {
    const supports = has === undefined ? {} : { supports: async () => has };
    for (const method of [ping, streamFrames]) {
      const { wire, ended } = call(echo, method, {}, supports);
      wire.start();
      wire.sendLast(unreadable);
      expect((await ended)?.code).toBe(code);
    }
  });

  it("passes on a failure to find out whether the method is there", async () => {
    const supports = () => Promise.reject(new ConnectError("no mod", Code.Unavailable));
    const { wire, ended } = call(echo, ping, {}, { supports });
    wire.start();
    wire.sendLast(unreadable);
    expect((await ended)?.code).toBe(Code.Unavailable);
  });

  it("hands out no message while paused, and goes on where it was", async () => {
    const { wire, messages, ended, nextMessage } = call(
      (router) =>
        router.rpc(streamFrames, async function* () {
          for (let i = 0; i < 5; i++) yield { width: i };
        }),
      streamFrames,
    );
    wire.start();
    wire.sendLast(new Uint8Array(0));
    await nextMessage();
    wire.pause();
    const before = messages.length;

    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(messages).toHaveLength(before);
    wire.resume();

    expect(await ended).toBeUndefined();
    expect(messages).toHaveLength(5);
  });

  it("does not say that requests have ended when the call is cancelled", async () => {
    const received = Promise.withResolvers<void>();
    const outcome = Promise.withResolvers<string>();
    const { wire, told, ended } = call(
      (router) =>
        router.rpc(drive, async (commands, { signal }) => {
          signal.addEventListener("abort", () => outcome.resolve("cancelled"));
          for await (const _ of commands) received.resolve();
          outcome.resolve("ended");
          return {};
        }),
      drive,
    );
    wire.start();
    wire.send(new Uint8Array(0));
    await received.promise;
    const reason = new ConnectError("gone", Code.Aborted);

    wire.cancel(reason);

    expect(await ended).toBe(reason);
    expect(told).toEqual(["open", "own end"]);
    expect(await outcome.promise).toBe("cancelled");
  });

  it("tells a sender to wait when the other side does not read, and when to go on", async () => {
    const mayRead = Promise.withResolvers<void>();
    const { wire, ended } = call(
      (router) =>
        router.rpc(drive, async (commands) => {
          await mayRead.promise;
          let receivedCount = 0n;
          for await (const _ of commands) receivedCount++;
          return { receivedCount };
        }),
      drive,
    );
    wire.start();
    let sent = 0;
    while (wire.send(new Uint8Array(0))) {
      sent++;
      await Promise.resolve();
      if (sent > 100_000) throw new Error("there is no end of sending");
    }

    mayRead.resolve();
    await wire.drained();
    wire.halfClose();

    expect(await ended).toBeUndefined();
  });

  it("ends when its signal is aborted, before and after the start", async () => {
    const early = call(echo, ping, { signal: AbortSignal.abort() });
    early.wire.start();
    expect((await early.ended)?.code).toBe(Code.Canceled);
    expect(early.told).toEqual(["own end"]);

    const controller = new AbortController();
    const late = call(echo, ping, { signal: controller.signal });
    late.wire.start();
    controller.abort();
    expect((await late.ended)?.code).toBe(Code.Canceled);
  });

  it("ends when its time is up", async () => {
    const { wire, ended } = call((router) => router.rpc(ping, () => new Promise(() => {})), ping, { timeoutMs: 1 });
    wire.start();
    wire.sendLast(pingBytes);
    expect((await ended)?.code).toBe(Code.DeadlineExceeded);
  });

  it("does not take a time that no timer can wait for none at all", async () => {
    const { wire, ended } = call(echo, ping, { timeoutMs: 2 ** 40 });
    wire.start();
    wire.sendLast(pingBytes);
    expect(await ended).toBeUndefined();
  });
});
