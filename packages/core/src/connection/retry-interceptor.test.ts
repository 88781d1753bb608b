import { getEventListeners } from "node:events";
import type { DescMethod, DescMethodUnary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createClient,
  createContextKey,
  createContextValues,
  createRouterTransport,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Connection } from "../gen/resonite_io/v1/connection_pb.js";
import { World } from "../gen/resonite_io/v1/world_pb.js";
import {
  createRetryInterceptor,
  neverReconnect,
  type ReconnectPolicy,
  Resonite,
  type RetryOptions,
  type RpcId,
  rpcs,
} from "../index.js";
import { collect } from "../testing/collect.js";
import { isPending } from "../testing/is-pending.js";
import { recordingPolicy } from "../testing/recording-policy.js";

const hourMs = 3_600_000;
const unaryRpcs = Object.values(rpcs).filter(({ kind }) => kind === "unary");

describe("createRetryInterceptor", () => {
  it("repeats a call that merely looks until it works", async () => {
    const mod = failingMod({ times: 3 });
    const { connection } = new Resonite(mod.transportWith({ policy: recordingPolicy(0) }));

    expect((await connection.ping("hello")).message).toBe("hello");
    expect(mod.pings).toEqual(["hello", "hello", "hello", "hello"]);
  });

  it("repeats every unary RPC that merely looks, and no other", async () => {
    const repeated = await repeatedRpcs({});

    expect(repeated).toEqual(unaryRpcs.filter(({ access }) => access === "observe").map(({ id }) => id));
    expect(repeated).toContain("world.listSessions");
    expect(repeated).not.toContain("grabber.use");
  });

  it("repeats those too that are named, and no other", async () => {
    const repeated = await repeatedRpcs({ alsoRepeat: ["cursor.setPosition", "world.focus"] });

    const extra = repeated.filter((id) => rpcs[id].access !== "observe");
    expect(extra).toEqual(["cursor.setPosition", "world.focus"]);
    expect(repeated).toContain("connection.ping");
  });

  it.each(codesBut(Code.Unavailable))("does not repeat a call that failed with %s", async (_, code) => {
    const mod = failingMod({ times: 1, code });
    const policy = recordingPolicy(0);
    const { connection } = new Resonite(mod.transportWith({ policy }));

    await expect(connection.ping()).rejects.toMatchObject({ code });
    expect(mod.pings).toHaveLength(1);
    expect(policy.contexts).toEqual([]);
  });

  it("throws what a repeated call fails with at last", async () => {
    const mod = failingMod({ times: 2, code: Code.Unavailable, atLast: Code.NotFound });
    const { connection } = new Resonite(mod.transportWith({ policy: recordingPolicy(0) }));

    await expect(connection.ping()).rejects.toMatchObject({ code: Code.NotFound });
    expect(mod.pings).toHaveLength(3);
  });

  it("asks the policy with the number of the attempt, the time and the failure", async () => {
    const mod = failingMod({ times: 3 });
    const policy = recordingPolicy(0);
    const startMs = performance.now();
    await new Resonite(mod.transportWith({ policy })).connection.ping();
    const wholeMs = performance.now() - startMs;

    expect(policy.contexts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(policy.contexts.map(({ reason }) => reason.rawMessage)).toEqual(["failure 1", "failure 2", "failure 3"]);
    const times = policy.contexts.map(({ elapsedMs }) => elapsedMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(0);
    expect(times[2]).toBeLessThanOrEqual(wholeMs);
  });

  it("counts anew for every call", async () => {
    const mod = failingMod({ times: 1 });
    const policy = recordingPolicy(0);
    const { connection } = new Resonite(mod.transportWith({ policy }));
    await connection.ping();
    mod.failAgain();
    await connection.ping();

    expect(policy.contexts.map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  it.each([
    ["at once", neverReconnect, 1],
    ["after two attempts", recordingPolicy(0, 0, undefined), 3],
  ])("throws the last failure when the policy gives up %s", async (_, policy, callCount) => {
    const mod = failingMod({ times: Infinity });
    const { connection } = new Resonite(mod.transportWith({ policy }));

    const failure = expect(connection.ping()).rejects;
    await failure.toMatchObject({ code: Code.Unavailable, rawMessage: `failure ${callCount}` });
    expect(mod.pings).toHaveLength(callCount);
  });

  it("waits before it repeats, as long as the policy says", async () => {
    const mod = failingMod({ times: Infinity });
    const controller = new AbortController();
    const { connection } = new Resonite(mod.transportWith({ policy: recordingPolicy(hourMs) }));
    const ping = connection.ping("", { signal: controller.signal });

    expect(await isPending(ping)).toBe(true);
    expect(mod.pings).toHaveLength(1);
    controller.abort();
    await expect(ping).rejects.toThrow();
  });

  describe("gives up during the pause", () => {
    it("with Canceled when the call is aborted, and does not listen to its signal any more", async () => {
      const mod = failingMod({ times: Infinity });
      const paused = tellingPolicy(hourMs);
      const controller = new AbortController();
      const { connection } = new Resonite(mod.transportWith({ policy: paused.policy }));
      const ping = connection.ping("", { signal: controller.signal });
      const failure = expect(ping).rejects.toMatchObject({ code: Code.Canceled });
      await paused.asked;

      controller.abort(new Error("changed my mind"));

      await failure;
      expect(mod.pings).toHaveLength(1);
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    });

    it("with DeadlineExceeded when the time of the call is over, which all attempts share", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      onTestFinished(() => void vi.useRealTimers());
      const mod = failingMod({ times: Infinity });
      const { connection } = new Resonite(mod.transportWith({ policy: recordingPolicy(2_000, hourMs) }));
      const ping = connection.ping("", { timeoutMs: 5_000 });
      const failure = expect(ping).rejects.toMatchObject({ code: Code.DeadlineExceeded });

      await vi.advanceTimersByTimeAsync(4_999);
      expect(await isPending(ping)).toBe(true);
      await vi.advanceTimersByTimeAsync(1);
      await failure;
      expect(mod.pings).toHaveLength(2);
    });
  });

  it("does not repeat a call that was aborted while it failed", async () => {
    const controller = new AbortController();
    const policy = recordingPolicy(0);
    let callCount = 0;
    const failing: Interceptor = () => () => {
      callCount++;
      controller.abort();
      return Promise.reject(new ConnectError("gone", Code.Unavailable));
    };
    const transport = transportWith([createRetryInterceptor({ policy }), failing]);

    await expect(new Resonite(transport).connection.ping("", { signal: controller.signal })).rejects.toThrow();
    expect(callCount).toBe(1);
    expect(policy.contexts).toEqual([]);
  });

  it("leaves streams alone, also named ones", async () => {
    const policy = recordingPolicy(0);
    let callCount = 0;
    const failing: Interceptor = () => () => {
      callCount++;
      return Promise.reject(new ConnectError("gone", Code.Unavailable));
    };
    const retry = createRetryInterceptor({ policy, alsoRepeat: ["camera.streamFrames", "locomotion.drive"] });
    const { rpc } = new Resonite(transportWith([retry, failing]));

    await expect(collect(rpc.camera.streamFrames({}))).rejects.toMatchObject({ code: Code.Unavailable });
    await expect(rpc.locomotion.drive(noMessages())).rejects.toMatchObject({ code: Code.Unavailable });
    expect(callCount).toBe(2);
    expect(policy.contexts).toEqual([]);
  });

  it("leaves nothing of a pause on the signal of the call", async () => {
    const listenerCounts: number[] = [];
    const failing: Interceptor = (next) => async (request) => {
      listenerCounts.push(getEventListeners(request.signal, "abort").length);
      if (listenerCounts.length < 5) throw new ConnectError("gone", Code.Unavailable);
      return await next(request);
    };
    const transport = transportWith([createRetryInterceptor({ policy: recordingPolicy(0) }), failing]);

    await new Resonite(transport).connection.ping();
    expect(new Set(listenerCounts).size).toBe(1);
  });

  it("sends the same request each time, with its headers and context", async () => {
    const key = createContextKey("");
    const seen: unknown[] = [];
    const failing: Interceptor = (next) => async (request) => {
      seen.push([request.header.get("x-note"), request.contextValues.get(key), request.message]);
      if (seen.length < 3) throw new ConnectError("gone", Code.Unavailable);
      return await next(request);
    };
    const transport = transportWith([createRetryInterceptor({ policy: recordingPolicy(0) }), failing]);
    const options = { headers: { "x-note": "hi" }, contextValues: createContextValues().set(key, "there") };

    await createClient(Connection, transport).ping({ message: "hello" }, options);

    const request = ["hi", "there", expect.objectContaining({ message: "hello" })];
    expect(seen).toEqual([request, request, request]);
  });

  it("tries for 10 seconds when it is told nothing else", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const mod = failingMod({ times: Infinity });
    const ping = new Resonite(mod.transportWith({})).connection.ping();
    const failure = expect(ping).rejects.toMatchObject({ code: Code.Unavailable });

    await vi.advanceTimersByTimeAsync(9_900);
    expect(await isPending(ping)).toBe(true);
    expect(mod.pings.length).toBeGreaterThan(5);
    // The longest delay that may have begun before the time was over.
    await vi.advanceTimersByTimeAsync(5_100);
    await failure;
  });

  it("repeats a call that looks at the world while the mod is away, but not one that changes it", async () => {
    const calls: string[] = [];
    let isAway = true;
    const away = (name: string) => {
      calls.push(name);
      if (isAway) throw new ConnectError("away", Code.Unavailable);
      return {};
    };
    const policy: ReconnectPolicy = {
      nextDelayMs() {
        isAway = false;
        return 0;
      },
    };
    const transport = createRouterTransport(
      (router) => router.service(World, { getCurrent: () => away("getCurrent"), focus: () => away("focus") }),
      { transport: { interceptors: [createRetryInterceptor({ policy })] } },
    );
    const client = createClient(World, transport);

    await expect(client.focus({})).rejects.toMatchObject({ code: Code.Unavailable });
    await client.getCurrent({});
    expect(calls).toEqual(["focus", "getCurrent", "getCurrent"]);
  });
});

interface Failures {
  /** How often a ping fails before it works. */
  readonly times: number;
  /** With what. Default `Unavailable`. */
  readonly code?: Code;
  /** With what it fails then, instead of working. */
  readonly atLast?: Code;
}

/** A mod that answers pings after some failures, and remembers their messages. */
function failingMod({ times, code = Code.Unavailable, atLast }: Failures) {
  const pings: string[] = [];
  let failures = 0;
  const transportWith = (options: RetryOptions) =>
    createRouterTransport(
      (router) =>
        router.service(Connection, {
          ping({ message }) {
            pings.push(message);
            if (failures++ < times) throw new ConnectError(`failure ${failures}`, code);
            if (atLast !== undefined) throw new ConnectError("worse", atLast);
            return { message };
          },
        }),
      { transport: { interceptors: [createRetryInterceptor(options)] } },
    );
  return {
    pings,
    transportWith,
    failAgain() {
      failures = 0;
    },
  };
}

async function* noMessages(): AsyncGenerator<never> {}

function transportWith(interceptors: Interceptor[]) {
  return createRouterTransport((router) => router.service(Connection, { ping: () => ({}) }), {
    transport: { interceptors },
  });
}

/** Which of the unary RPCs are called again after they failed with `Unavailable`. */
async function repeatedRpcs(options: RetryOptions): Promise<readonly RpcId[]> {
  let callCount = 0;
  const failing: Interceptor = () => () => {
    callCount++;
    return Promise.reject(new ConnectError("gone", Code.Unavailable));
  };
  const repeated: RpcId[] = [];
  for (const { id, method } of unaryRpcs) {
    callCount = 0;
    const policy = recordingPolicy(0, undefined);
    const transport = transportWith([createRetryInterceptor({ policy, ...options }), failing]);
    await expect(callUnary(transport, method)).rejects.toThrow("gone");
    if (callCount > 1) repeated.push(id);
  }
  return repeated;
}

async function callUnary(transport: Transport, method: DescMethod): Promise<void> {
  if (!isUnary(method)) expect.fail(`${method.name} is not unary`);
  await transport.unary(method, undefined, undefined, undefined, {});
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

/** A policy that tells when it is asked. */
function tellingPolicy(delayMs: number) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const policy: ReconnectPolicy = {
    nextDelayMs() {
      resolve();
      return delayMs;
    },
  };
  return { policy, asked: promise };
}

function codesBut(left: Code): readonly (readonly [string, Code])[] {
  return Object.values(Code).flatMap((code) =>
    typeof code === "number" && code !== left ? [[Code[code], code] as const] : [],
  );
}
