import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { rpcs, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { callEmpty } from "../testing/call-empty.js";
import { openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";
import { settleUntil } from "../testing/settle-until.js";
import { InvalidFaultPlanError } from "./parse-fault-plan.js";

const { ping } = services.connection.method;
const { getServerInfo } = services.info.method;
const small = { display: { width: 64, height: 36 } };

describe("latency", () => {
  it("holds a call up for that long and no longer", async () => {
    await using test = await openMod({ faults: { latency: [{ rpc: "connection.ping", ms: 300 }] } });
    let answeredAtMs: number | undefined;
    const call = test.raw.unary(ping, {}).then(() => {
      answeredAtMs = test.clock.nowMs();
    });
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    await test.clock.advance(299);
    expect(test.engine.journal.calls("connection.ping")).toEqual([]);
    await test.clock.advance(1);
    await call;
    expect(answeredAtMs).toBe(300);
  });

  it("is at most the jitter longer, and the same again with the same seed", async () => {
    const run = async (): Promise<readonly number[]> => {
      const latency = [{ rpc: "*", ms: 100, jitterMs: 50 }] as const;
      await using test = await openMod({ faults: { latency: [...latency] } });
      const times: number[] = [];
      for (let call = 0; call < 5; call++) {
        const startMs = test.clock.nowMs();
        const answer = test.raw.unary(ping, {});
        await settleUntil(test.clock, () => test.mod.openCalls === 1);
        while (test.engine.journal.calls("connection.ping").length === call) await test.clock.advance(1);
        times.push(test.clock.nowMs() - startMs);
        await answer;
        await settleUntil(test.clock, () => test.mod.openCalls === 0);
      }
      return times;
    };
    const times = await run();
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(100);
      expect(time).toBeLessThanOrEqual(151);
    }
    expect(new Set(times).size).toBeGreaterThan(1);
    expect(await run()).toEqual(times);
  });

  it("holds up only the RPC that is named, and ends with the caller's cancellation", async () => {
    await using test = await openMod({ faults: { latency: [{ rpc: "speaker.streamAudio", ms: 10_000 }] } });
    const stream = test.raw.serverStream(services.speaker.method.streamAudio, {});
    stream.on("error", () => {});
    await test.raw.unary(ping, {});
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    stream.cancel();
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
  });
});

describe("an injected error", () => {
  it("fails exactly the n-th call of the RPC", async () => {
    const error = { rpc: "connection.ping", call: 2, code: "resource_exhausted", message: "too much" } as const;
    await using test = await openMod({ faults: { errors: [error] } });
    await test.raw.unary(getServerInfo, {});
    const statuses = [];
    for (let call = 0; call < 3; call++) statuses.push(await statusOf(test.raw.unary(ping, {})));
    expect(statuses.map(({ code }) => code)).toEqual(["OK", "RESOURCE_EXHAUSTED", "OK"]);
    expect(statuses[1]?.details).toBe("too much");
    expect(test.engine.journal.calls("connection.ping").map(({ status }) => status)).toEqual([
      "ok",
      "ResourceExhausted",
      "ok",
    ]);
  });

  it("for every RPC fails the n-th call of each", async () => {
    await using test = await openMod({ faults: { errors: [{ rpc: "*", call: 1, code: "data_loss" }] } });
    const codes = [];
    for (const method of [ping, getServerInfo, ping, getServerInfo]) {
      codes.push((await statusOf(test.raw.unary<typeof method.input, typeof method.output>(method, {}))).code);
    }
    expect(codes).toEqual(["DATA_LOSS", "DATA_LOSS", "OK", "OK"]);
  });

  it.each([
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
  ] as const)("can have the code %s", async (code) => {
    await using test = await openMod({ faults: { errors: [{ rpc: "connection.ping", call: 1, code }] } });
    const expected = code === "canceled" ? "CANCELLED" : code.toUpperCase();
    expect(await statusOf(test.raw.unary(ping, {}))).toEqual({ code: expected, details: "injected failure" });
  });

  it("leaves the engine as it was", async () => {
    const error = { rpc: "world.leave", call: 1, code: "internal" } as const;
    await using test = await openMod({ faults: { errors: [error] } });
    const { handle } = test.engine.worlds.requireFocused();
    expect((await statusOf(test.raw.unary(services.world.method.leave, { handle }))).code).toBe("INTERNAL");
    expect(test.engine.worlds.open).toHaveLength(1);
  });
});

describe("an RPC that hangs", () => {
  it("is not answered, but can be cancelled", async () => {
    await using test = await openMod({ faults: { hangs: ["connection.ping"] } });
    const client = createClient(services.connection, test.mod.transport());
    const aborting = new AbortController();
    const call = client.ping({}, { signal: aborting.signal });
    const failed = expect(call).rejects.toMatchObject({ code: Code.Canceled });
    await test.clock.advance(60_000);
    expect(test.engine.journal.calls("connection.ping")).toEqual([]);
    aborting.abort();
    await failed;
    await test.engine.until(({ journal }) => journal.calls("connection.ping").length === 1);
  });

  it("hangs for a call that began before the fault was taken back, not for the next", async () => {
    await using test = await openMod({ faults: { hangs: ["*"] } });
    const stuck = test.raw.unary(ping, {});
    stuck.catch(() => {});
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    test.mod.faults.clear();
    await test.raw.unary(ping, {});
    expect(test.mod.openCalls).toBe(1);
  });
});

describe("a connection that is cut", () => {
  it.each([0, 1, 3])("after %d messages of a stream breaks it there", async (afterMessages) => {
    await using test = await openMod({
      faults: { cuts: [{ rpc: "speaker.streamAudio", afterMessages }] },
    });
    await test.clock.advance(1000);
    let received = 0;
    const read = async (): Promise<void> => {
      for await (const _ of test.raw.serverStream(services.speaker.method.streamAudio, {})) received++;
    };
    expect((await statusOf(read())).code).toBe("UNAVAILABLE");
    expect(received).toBe(afterMessages);
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
  });

  it.each([
    { afterMessages: 0, left: false },
    { afterMessages: 1, left: true },
  ])("after $afterMessages messages loses a single answer; it took effect: $left", async ({ afterMessages, left }) => {
    await using test = await openMod({ faults: { cuts: [{ rpc: "world.leave", afterMessages }] } });
    const { handle } = test.engine.worlds.requireFocused();
    expect((await statusOf(test.raw.unary(services.world.method.leave, { handle }))).code).toBe("UNAVAILABLE");
    expect(test.engine.worlds.open).toHaveLength(left ? 0 : 1);
  });

  it("takes all calls of the connection with it, and the next connection works", async () => {
    await using test = await openMod({
      faults: { hangs: ["world.getCurrent"], cuts: [{ rpc: "connection.ping", afterMessages: 0 }] },
    });
    const other = statusOf(test.raw.unary(services.world.method.getCurrent, {}));
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    expect((await statusOf(test.raw.unary(ping, {}))).code).toBe("UNAVAILABLE");
    expect((await other).code).toBe("UNAVAILABLE");
    expect((await test.raw.unary(getServerInfo, {})).resonitePid).toBe(process.pid);
  });

  it("is UNAVAILABLE in process", async () => {
    await using test = await openMod({ faults: { cuts: [{ rpc: "connection.ping", afterMessages: 0 }] } });
    const client = createClient(services.connection, test.mod.transport());
    await expect(client.ping({})).rejects.toSatisfy((error) => ConnectError.from(error).code === Code.Unavailable);
  });
});

describe("a mod that is too old", () => {
  it.each(["info.getServerInfo", "grabber.use", "camera.streamFrames", "locomotion.drive"] as const)(
    "does not have %s",
    async (id) => {
      await using test = await openMod({ faults: { unimplemented: [id] } });
      expect((await callEmpty(test.raw, rpcs[id])).code).toBe("UNIMPLEMENTED");
      expect((await statusOf(test.raw.unary(ping, {}))).code).toBe("OK");
    },
  );
});

describe("a camera without frames", () => {
  it("stays open without a message, an error or an end", async () => {
    await using test = await openMod({ faults: { cameraWithoutFrames: true }, scenario: small });
    const happened: string[] = [];
    const stream = test.raw.serverStream(services.camera.method.streamFrames, {});
    for (const event of ["data", "end", "error", "metadata"]) stream.on(event, () => happened.push(event));
    await settleUntil(test.clock, () => test.mod.openCalls === 1);
    await test.clock.advance(60_000);
    expect(happened).toEqual([]);
    expect(test.mod.openCalls).toBe(1);
    stream.cancel();
    await settleUntil(test.clock, () => test.mod.openCalls === 0);
  });
});

describe("a plan of faults", () => {
  it("can be changed in part at any time", async () => {
    await using test = await openMod({ faults: { absentBridges: ["info"], hangs: ["world.join"] } });
    test.mod.faults.set({ absentBridges: [] });
    expect((await callEmpty(test.raw, rpcs["info.getServerInfo"])).code).toBe("OK");
    expect(test.mod.faults.plan.hangs).toEqual(["world.join"]);
  });

  it("that is taken back counts calls anew", async () => {
    const plan = { errors: [{ rpc: "connection.ping" as const, call: 1, code: "internal" as const }] };
    await using test = await openMod({ faults: plan });
    expect((await statusOf(test.raw.unary(ping, {}))).code).toBe("INTERNAL");
    test.mod.faults.clear();
    expect((await statusOf(test.raw.unary(ping, {}))).code).toBe("OK");
    test.mod.faults.clear();
    test.mod.faults.set(plan);
    expect((await statusOf(test.raw.unary(ping, {}))).code).toBe("INTERNAL");
  });

  it("that names what is not there is refused, with the field", async () => {
    await using test = await openMod();
    expect(() => test.mod.faults.set({ bootMs: -1 })).toThrow(InvalidFaultPlanError);
    expect(() => test.mod.faults.set({ bootMs: -1 })).toThrow("bootMs");
    // @ts-expect-error There is no such RPC.
    expect(() => test.mod.faults.set({ hangs: ["camera.nothing"] })).toThrow("hangs.0");
    expect(test.mod.faults.plan.bootMs).toBe(0);
  });
});
