import { Code } from "@resoio/core";
import { createVirtualClock, type FaultPlanInput } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { skipUnlessCarried } from "./testing/skip-unless-carried.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";

/** Every status that a mod could answer, by its name in a fault plan. */
const codeNames = [
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
] as const satisfies readonly NonNullable<FaultPlanInput["errors"]>[number]["code"][];

describe.each(transports)("calls over $name", (transport) => {
  const { open } = transport;

  it("fail with each status that there is, and its message", async () => {
    const errors = codeNames.map((code, index) => ({
      rpc: "connection.ping" as const,
      call: index + 1,
      code,
      message: `failure ${index}`,
    }));
    await using test = await open({ faults: { errors } });
    const statuses: string[] = [];
    for (const _ of errors) statuses.push(await statusOf(test.resonite.connection.ping()));
    // The codes are counted from 1, in the order of the names above.
    expect(statuses).toEqual(codeNames.map((_, index) => `${Code[index + 1]}: failure ${index}`));
  });

  it.each([
    ["is empty", ""],
    ["is in any script", "Gerät «größer» als 世界, 🎈"],
    ["has percent signs", "50 % of 100%25 %E4"],
    ["has several lines", "one\ntwo\r\nthree\ttab"],
    ["is long", "long ".repeat(1000).trim()],
  ])("fail with the mod's message word for word, also when it %s", async (_, message) => {
    const errors = [{ rpc: "world.leave" as const, call: 1, code: "not_found" as const, message }];
    await using test = await open({ faults: { errors } });
    expect(await statusOf(test.resonite.world.leave(1))).toBe(`NotFound: ${message}`);
  });

  it("go on after one that failed", async () => {
    await using test = await open({ faults: { errors: [{ rpc: "display.get", call: 1, code: "internal" }] } });
    expect(await codeOf(test.resonite.display.get())).toBe(Code.Internal);
    expect(await codeOf(test.resonite.display.get())).toBeUndefined();
  });

  it("each get their own answer, however many run at once", async () => {
    await using test = await open();
    const messages = Array.from({ length: 200 }, (_, index) => `ping ${index}`);
    const pongs = await Promise.all(messages.map((message) => test.resonite.connection.ping(message)));
    expect(pongs.map(({ message }) => message)).toEqual(messages);
  });

  it("do not wait for one that hangs", async () => {
    await using test = await open({ faults: { hangs: ["world.getCurrent"] } });
    const aborting = new AbortController();
    const hanging = codeOf(test.resonite.world.getCurrent({ signal: aborting.signal }));
    expect((await test.resonite.connection.ping("meanwhile")).message).toBe("meanwhile");
    aborting.abort();
    expect(await hanging).toBe(Code.Canceled);
  });

  it("keep the reason of the abort as the cause", async () => {
    await using test = await open({ faults: { hangs: ["world.getCurrent"] } });
    const aborting = new AbortController();
    const hanging = test.resonite.world.getCurrent({ signal: aborting.signal });
    const reason = new Error("the user left");
    aborting.abort(reason);
    await expect(hanging).rejects.toMatchObject({ code: Code.Canceled, cause: reason });
  });

  it("fail with DeadlineExceeded when their signal has timed out", async () => {
    await using test = await open({ faults: { hangs: ["world.getCurrent"] } });
    const signal = AbortSignal.timeout(20);
    expect(await codeOf(test.resonite.world.getCurrent({ signal }))).toBe(Code.DeadlineExceeded);
  });

  it("fail with InvalidArgument for a request that cannot be written, and are not sent", async () => {
    await using test = await open();
    expect(await codeOf(test.resonite.world.leave(0.5))).toBe(Code.InvalidArgument);
    await test.resonite.connection.ping();
    expect(callsOf(test.mod)).toEqual(["connection.ping"]);
  });

  it("take a signal that is aborted only after the answer, which then changes nothing", async () => {
    await using test = await open();
    const aborting = new AbortController();
    const pong = await test.resonite.connection.ping("done", { signal: aborting.signal });
    aborting.abort();
    expect(pong.message).toBe("done");
    await test.resonite.connection.ping();
    expect(test.mod.engine.journal.calls("connection.ping").map(({ status }) => status)).toEqual(["ok", "ok"]);
  });

  it("take headers, also binary ones, and tell those of the answer and its trailers", async () => {
    await using test = await open();
    const told: string[] = [];
    const pong = await test.resonite.connection.ping("with headers", {
      headers: { "x-resoio-test": "one, two", "x-resoio-bytes-bin": "AAEC/w" },
      onHeader: () => told.push("headers"),
      onTrailer: () => told.push("trailers"),
    });
    expect(pong.message).toBe("with headers");
    expect(told).toEqual(["headers", "trailers"]);
  });

  it("carry requests and answers of 16 MB unchanged", async (context) => {
    skipUnlessCarried(context, transport, "bulk");
    await using test = await open();
    const message = "0123456789abcdef".repeat(1_000_000);
    expect((await test.resonite.connection.ping(message)).message === message).toBe(true);
  });

  it("carry answers with thousands of entries in their order", async () => {
    const names = Array.from({ length: 5000 }, (_, index) => `Session ${index}`);
    await using test = await open({ scenario: { sessions: names.map((name) => ({ name, hostUsername: "Zoë" })) } });
    const { sessions, totalCount } = await test.resonite.world.listSessions();
    expect(totalCount).toBe(5000);
    expect(sessions.map(({ name }) => name)).toEqual(names);
  });

  it("carry times in nanoseconds to the last digit", async () => {
    const beginUnixNanos = 1_700_000_000_123_456_700n;
    await using test = await open({ scenario: { sessions: [{ name: "Then", beginUnixNanos }] } });
    const { sessions } = await test.resonite.world.listSessions();
    expect(sessions[0]?.sessionBeginUnixNanos).toBe(beginUnixNanos);
  });

  it("are carried by a connection that tells when it is there and when it is closed", async () => {
    await using test = await open();
    await test.resonite.connection.ping();
    const states: string[] = [];
    const listening = (async () => {
      for await (const { state } of test.resonite.status()) states.push(state);
    })();
    await test.resonite.close();
    await listening;
    expect(states).toEqual(["connected", "closed"]);
  });

  it("have the wire's defaults where the caller gives nothing", async () => {
    await using test = await open({ clock: createVirtualClock() });
    await test.resonite.rpc.world.listRecords({});
    expect(requestsOf(test.mod, "world.listRecords")).toMatchObject([
      { source: 0, sort: 0, sortDirection: 0, search: "", ownerId: "", offset: 0, count: 0, requiredTags: [] },
    ]);
  });

  it("fail with Unavailable when the connection breaks, and the next one finds the mod again", async () => {
    await using test = await open({ faults: { cuts: [{ rpc: "connection.ping", afterMessages: 0 }] } });
    expect(await codeOf(test.resonite.connection.ping())).toBe(Code.Unavailable);
    test.mod.faults.clear();
    expect((await test.resonite.connection.ping("again")).message).toBe("again");
  });

  it("fail with Unavailable when a connection breaks that they only share with the culprit", async (context) => {
    skipUnlessCarried(context, transport, "brokenConnections");
    await using test = await open({
      faults: { hangs: ["world.getCurrent"], cuts: [{ rpc: "connection.ping", afterMessages: 0 }] },
    });
    const hanging = codeOf(test.resonite.world.getCurrent());
    expect(await codeOf(test.resonite.connection.ping())).toBe(Code.Unavailable);
    expect(await hanging).toBe(Code.Unavailable);
  });

  it("fail with Unavailable when the mod goes away under them", async () => {
    await using test = await open({ faults: { hangs: ["world.getCurrent"] } });
    const hanging = codeOf(test.resonite.world.getCurrent());
    await test.resonite.connection.ping();
    await test.mod.close();
    expect(await hanging).toBe(Code.Unavailable);
  });

  it("fail with Canceled when the program closes what carries them", async () => {
    await using test = await open({ faults: { hangs: ["world.getCurrent"] } });
    const hanging = codeOf(test.resonite.world.getCurrent());
    await test.resonite.connection.ping();
    await test.resonite.close();
    expect(await hanging).toBe(Code.Canceled);
    await test.mod.engine.until(() => callsOf(test.mod).includes("world.getCurrent"));
    expect(test.mod.engine.journal.calls("world.getCurrent")[0]?.status).toBe("Canceled");
  });
});
