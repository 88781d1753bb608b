import { Code, ConnectError } from "@connectrpc/connect";
import { type Access, rpcs } from "@resoio/core";
import type { WireCall } from "@resoio/core/internal";
import { describe, expect, it } from "vitest";
import { FakeUpstream } from "../testing/fake-upstream.js";
import { accessClasses } from "./access/access-classes.js";
import { RateLimiter } from "./access/rate-limiter.js";
import { type CallGate, type CallObserver, createCallGate, type GateRequest } from "./call-gate.js";
import { OpenCalls } from "./open-calls.js";
import { Counters, type ProxyClient } from "./proxy-client.js";

const ping = rpcs["connection.ping"].path;
const login = rpcs["auth.login"].path;
const drive = rpcs["locomotion.drive"].path;
const watch = "/resoio.web.v1.Picture/Watch";

/** A gate in front of an upstream that is answered by hand, in a time that stands still. */
function setUp({ callsPerSecond = 1_000, logins = 5 } = {}) {
  const upstream = new FakeUpstream();
  const openCalls = new OpenCalls();
  const ended: Parameters<CallObserver["onCallEnd"]>[0][] = [];
  const time = { nowMs: 0 };
  const now = (): number => time.nowMs;
  const gate = createCallGate({
    hub: { createCall: (_, request, listener) => upstream.createCall(request, listener) },
    openCalls,
    callRate: new RateLimiter({ burst: callsPerSecond, perSecond: callsPerSecond, now }),
    loginRate: new RateLimiter({ burst: logins, perSecond: logins / 60, now }),
    observer: { onCallEnd: (call) => void ended.push(call) },
  });
  return { gate, upstream, openCalls, ended, time };
}

let lastClient = 0;

function clientWith(access: readonly Access[], fields: Partial<ProxyClient> = {}): ProxyClient {
  return {
    id: `client-${++lastClient}`,
    kind: "websocket",
    access: new Set(access),
    name: undefined,
    address: "192.0.2.1",
    upstream: "fake",
    counters: new Counters(),
    close() {},
    ...fields,
  };
}

interface Ended {
  readonly call: WireCall;
  readonly error: ConnectError | undefined;
}

/** Starts a call. The result says how it ended, if it has. */
function start(gate: CallGate, client: ProxyClient, request: GateRequest): { call: WireCall; end: Ended | undefined } {
  const started: { call: WireCall; end: Ended | undefined } = {
    call: gate.createCall(client, request, {
      onOpen() {},
      onHeader() {},
      onMessage() {},
      onEnd(error) {
        expect(started.end).toBeUndefined();
        started.end = { call: started.call, error };
      },
    }),
    end: undefined,
  };
  started.call.start();
  return started;
}

describe("a call", () => {
  it.each([
    ...Object.values(rpcs).map(({ path, access }) => ({ path, access })),
    { path: watch, access: "observe" as const },
  ])("of $path is let through with $access, and refused with everything else", ({ path, access }) => {
    const { gate, upstream, openCalls } = setUp();
    const others = clientWith(accessClasses.filter((one) => one !== access));
    const refused = start(gate, others, { path });
    expect(refused.end?.error).toMatchObject({
      code: Code.PermissionDenied,
      rawMessage: expect.stringContaining(`"${access}"`),
    });
    expect(upstream.calls).toEqual([]);
    expect(others.counters).toMatchObject({ calls: 1, openCalls: 0 });
    const granted = start(gate, clientWith([access]), { path });
    expect(granted.end).toBeUndefined();
    expect(upstream.openCall.request.method.name).toBe(path.split("/")[2]);
    expect(openCalls.size).toBe(1);
  });

  it.each(["", "/", "ping", `${ping}/`, `${ping}?a`, ping.toLowerCase(), "__proto__", "constructor", "/a\n/b"])(
    "of %j, which is no RPC, is refused with Unimplemented",
    (path) => {
      const { gate, upstream } = setUp();
      expect(start(gate, clientWith(accessClasses), { path }).end?.error?.code).toBe(Code.Unimplemented);
      expect(upstream.calls).toEqual([]);
    },
  );

  it("that is refused can be used like any other", async () => {
    const { gate } = setUp();
    const { call, end } = start(gate, clientWith([]), { path: ping });
    expect(call.send(new Uint8Array(1))).toBe(true);
    call.sendLast(new Uint8Array(1));
    call.halfClose();
    call.pause();
    call.resume();
    await call.drained();
    call.cancel(new ConnectError("again", Code.Canceled));
    expect(end?.error?.code).toBe(Code.PermissionDenied);
    expect([[...call.header], [...call.trailer]]).toEqual([[], []]);
  });

  it("is counted, in messages and bytes, while it is under way and when it is over", () => {
    const { gate, upstream, openCalls, ended } = setUp();
    const client = clientWith(["observe"]);
    const { call, end } = start(gate, client, { path: ping, timeoutMs: 7 });
    call.sendLast(new Uint8Array(3));
    upstream.openCall.emit(new Uint8Array(5));
    expect(client.counters).toEqual({
      openCalls: 1,
      calls: 1,
      messagesIn: 1,
      messagesOut: 1,
      bytesIn: 3,
      bytesOut: 5,
      droppedFrames: 0,
    });
    expect(upstream.openCall.request.timeoutMs).toBe(7);
    upstream.openCall.end();
    expect(client.counters).toMatchObject({ openCalls: 0, calls: 1 });
    expect([end, openCalls.size]).toEqual([undefined, 0]);
    expect(ended).toMatchObject([{ upstream: "fake", rpc: { id: "connection.ping" }, code: undefined }]);
  });

  it("takes along only the headers that its caller added", () => {
    const { gate, upstream } = setUp();
    const header = new Headers({
      "x-wish": "blue",
      "trace-bin": "AAEC",
      authorization: "Bearer secret",
      cookie: "a=b",
      "x-resoio-take-over": "true",
      "x-resoio-anything": "1",
      "grpc-timeout": "1S",
      "content-type": "text/html",
      te: "trailers",
      host: "evil.example",
      "x-forwarded-for": "192.0.2.9",
      "proxy-authorization": "Basic YTpi",
      "sec-fetch-site": "cross-site",
      connection: "close",
    });
    start(gate, clientWith(["observe"]), { path: ping, header });
    expect([...(upstream.openCall.request.header ?? [])]).toEqual([
      ["trace-bin", "AAEC"],
      ["x-wish", "blue"],
    ]);
  });

  it("of a driver takes along the wish to take over, which the hub reads", () => {
    const { gate, upstream } = setUp();
    const header = new Headers({ "x-resoio-take-over": "true", "x-resoio-anything": "1" });
    start(gate, clientWith(["control"]), { path: drive, header });
    expect([...(upstream.openCall.request.header ?? [])]).toEqual([["x-resoio-take-over", "true"]]);
  });

  it("brings back only the headers and trailers that the mod added", () => {
    const { gate, upstream } = setUp();
    const { call } = start(gate, clientWith(["observe"]), { path: ping });
    upstream.openCall.announce(
      new Headers({
        "x-answer": "42",
        "set-cookie": "a=b",
        "content-type": "application/grpc",
        "access-control-allow-origin": "*",
      }),
    );
    upstream.openCall.trailer = new Headers({ "x-cost": "7", "grpc-status": "0", "grpc-message": "" });
    expect([...call.header]).toEqual([["x-answer", "42"]]);
    expect([...call.trailer]).toEqual([["x-cost", "7"]]);
  });

  it("is refused while the proxy is stopping", () => {
    const { gate, upstream, openCalls } = setUp();
    openCalls.refuse(new ConnectError("the proxy is stopping", Code.Unavailable));
    expect(start(gate, clientWith(["observe"]), { path: ping }).end?.error?.code).toBe(Code.Unavailable);
    expect(upstream.calls).toEqual([]);
  });
});

describe("calls", () => {
  /** Makes calls until one is refused, and returns how many were not. */
  function countUntilRefused(gate: CallGate, client: ProxyClient, path: string = ping): number {
    for (let count = 0; ; count++) {
      const { end } = start(gate, client, { path });
      if (end?.error?.code === Code.ResourceExhausted) return count;
    }
  }

  it("are limited for each WebSocket, and for each network that HTTP requests come from", () => {
    const { gate, time } = setUp({ callsPerSecond: 10 });
    const first = clientWith(["observe"]);
    expect(countUntilRefused(gate, first)).toBe(10);
    expect(countUntilRefused(gate, clientWith(["observe"]))).toBe(10);
    expect(countUntilRefused(gate, clientWith(["observe"], { kind: "http" }))).toBe(10);
    expect(countUntilRefused(gate, clientWith(["observe"], { kind: "http" }))).toBe(0);
    expect(countUntilRefused(gate, clientWith(["observe"], { kind: "http", address: "192.0.2.2" }))).toBe(10);
    time.nowMs = 500;
    expect(countUntilRefused(gate, first)).toBe(5);
  });

  it("that are not allowed are limited all the same", () => {
    const { gate } = setUp({ callsPerSecond: 10 });
    expect(countUntilRefused(gate, clientWith([]))).toBe(10);
  });

  it("that sign in are limited for each network and for each token", () => {
    const { gate, time, upstream } = setUp({ logins: 5 });
    const from = (address: string, name?: string): ProxyClient => clientWith(["secret"], { address, name });
    expect(countUntilRefused(gate, from("2001:db8::1"), login)).toBe(5);
    expect(countUntilRefused(gate, from("2001:db8::2"), login)).toBe(0);
    expect(countUntilRefused(gate, from("192.0.2.1", "Ada"), login)).toBe(5);
    expect(countUntilRefused(gate, from("192.0.2.2", "Ada"), login)).toBe(0);
    expect(upstream.calls).toHaveLength(10);
    time.nowMs = 12_000;
    expect(countUntilRefused(gate, from("2001:db8::1"), login)).toBe(1);
    time.nowMs = 120_000;
    expect(countUntilRefused(gate, from("2001:db8::1"), login)).toBe(5);
  });

  it("that may not sign in do not use up the attempts of those who may", () => {
    const { gate } = setUp({ logins: 1 });
    for (let attempt = 0; attempt < 10; attempt++) start(gate, clientWith(["admin"]), { path: login });
    expect(countUntilRefused(gate, clientWith(["secret"]), login)).toBe(1);
  });
});
