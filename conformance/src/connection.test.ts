import { Code } from "@resoio/core";
import { createVirtualClock } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { requestsOf } from "./testing/requests-of.js";
import { codeOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";

describe.each(transports)("connection over $name", ({ open }) => {
  it.each(["hello", "", "Grüße, 世界 🎈", "line\nbreak\0zero"])("echoes %j unchanged", async (message) => {
    await using test = await open();
    expect((await test.resonite.connection.ping(message)).message).toBe(message);
  });

  it("sends 'ping' when nothing else is asked for", async () => {
    await using test = await open();
    expect((await test.resonite.connection.ping()).message).toBe("ping");
    expect(requestsOf(test.mod, "connection.ping")).toMatchObject([{ message: "ping" }]);
  });

  it("tells the mod's clock to the last nanosecond", async () => {
    const clock = createVirtualClock();
    await using test = await open({ clock });
    const first = await test.resonite.connection.ping();
    await clock.advance(1234.5678);
    const second = await test.resonite.connection.ping();
    expect(second.serverUnixNanos).toBe(clock.unixNanos());
    expect(second.serverUnixNanos - first.serverUnixNanos).toBe(1_234_567_800n);
  });

  it("works before the engine does, and without a single bridge", async () => {
    await using test = await open({
      faults: { bootMs: 60_000, absentBridges: ["info", "world"], throwingBridges: ["connection"] },
    });
    expect((await test.resonite.connection.ping("early")).message).toBe("early");
  });

  it("waits as long as the mod does", async () => {
    const clock = createVirtualClock();
    await using test = await open({ clock, faults: { latency: [{ rpc: "connection.ping", ms: 5000 }] } });
    const before = clock.unixNanos();
    const { serverUnixNanos } = await whileTimePasses(clock, test.resonite.connection.ping());
    expect(serverUnixNanos - before).toBeGreaterThanOrEqual(5_000_000_000n);
  });

  it("gives up at its deadline when the mod does not answer", async () => {
    await using test = await open({ faults: { hangs: ["connection.ping"] } });
    expect(await codeOf(test.resonite.connection.ping("anybody?", { timeoutMs: 20 }))).toBe(Code.DeadlineExceeded);
  });
});
