import { type Modality, type Rpc, rpcs, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { callEmpty } from "../testing/call-empty.js";
import { openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";
import { settleUntil } from "../testing/settle-until.js";

const { ping } = services.connection.method;
const { getServerInfo } = services.info.method;
const every: readonly Rpc[] = Object.values(rpcs);
const withBridge = every.filter(({ modality }) => modality !== "connection");
const small = { display: { width: 64, height: 36 } };

/** How a modality names itself in the text of a status. */
function serviceName({ modality }: Rpc): string {
  return services[modality].name;
}

describe("a bridge that is missing", () => {
  it.each(withBridge)("makes $id UNAVAILABLE", async (rpc) => {
    await using test = await openMod({ faults: { absentBridges: [rpc.modality] } });
    expect(await callEmpty(test.raw, rpc)).toEqual({
      code: "UNAVAILABLE",
      details: `${serviceName(rpc)} bridge is not configured.`,
    });
  });

  it("does not keep others from answering", async () => {
    await using test = await openMod({ faults: { absentBridges: ["world"] } });
    expect(await statusOf(test.raw.unary(getServerInfo, {}))).toMatchObject({ code: "OK" });
  });

  it("is not needed by Connection.Ping", async () => {
    await using test = await openMod({ faults: { absentBridges: ["connection"], throwingBridges: ["connection"] } });
    expect((await test.raw.unary(ping, { message: "hi" })).message).toBe("hi");
  });

  it("is told before an argument that is wrong, except for the three that are checked first", async () => {
    await using test = await openMod({ faults: { absentBridges: ["world", "cursor", "inventory", "dash"] } });
    const codeOf = async (call: Promise<unknown>): Promise<string> => (await statusOf(call)).code;
    const { world, cursor, inventory } = services;
    expect(await codeOf(test.raw.unary(world.method.focus, { handle: 999 }))).toBe("UNAVAILABLE");
    expect(await codeOf(test.raw.unary(inventory.method.list, { path: "none" }))).toBe("UNAVAILABLE");
    expect(await codeOf(test.raw.unary(world.method.fetchThumbnail, { uri: " " }))).toBe("INVALID_ARGUMENT");
    expect(await codeOf(test.raw.unary(inventory.method.fetchThumbnail, {}))).toBe("INVALID_ARGUMENT");
    expect(await codeOf(test.raw.unary(cursor.method.setPosition, { x: 2, y: 0 }))).toBe("INVALID_ARGUMENT");
  });
});

describe("a bridge that throws", () => {
  const untranslated = new Set<string>(["info.getServerInfo", "lifecycle.shutdown"]);
  const streams = new Set<string>(["locomotion.drive", "microphone.streamAudio"]);

  it.each(withBridge.filter(({ id }) => !untranslated.has(id)))("makes $id INTERNAL", async (rpc) => {
    await using test = await openMod({ faults: { throwingBridges: [rpc.modality] } });
    const what = streams.has(rpc.id) ? "stream" : "bridge";
    expect(await callEmpty(test.raw, rpc)).toEqual({
      code: "INTERNAL",
      details: `${serviceName(rpc)} ${what} faulted: injected bridge fault`,
    });
  });

  it.each(withBridge.filter(({ id }) => untranslated.has(id)))("makes $id UNKNOWN, without the cause", async (rpc) => {
    await using test = await openMod({ faults: { throwingBridges: [rpc.modality] } });
    expect(await callEmpty(test.raw, rpc)).toEqual({ code: "UNKNOWN", details: "Exception was thrown by handler." });
  });

  it.each([
    { id: "locomotion.drive", what: "driveEnded" },
    { id: "microphone.streamAudio", what: "microphoneEnded" },
  ] as const)("ends the stream of $id as errored, once", async ({ id, what }) => {
    await using test = await openMod({ faults: { throwingBridges: ["locomotion", "microphone"] } });
    await callEmpty(test.raw, rpcs[id]);
    expect(test.engine.journal.changes(what).map(({ reason }) => reason)).toEqual(["errored"]);
  });
});

describe("an engine that is still starting", () => {
  const answers = new Set<Modality>(["connection", "info", "lifecycle", "locomotion", "microphone"]);
  const silent = new Set<Modality>(["camera", "speaker"]);
  const isAnswered = ({ id, modality }: Rpc): boolean => answers.has(modality) || id === "auth.status";

  it.each(every.filter(isAnswered))("answers $id", async (rpc) => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    expect((await callEmpty(test.raw, rpc)).code).toBe("OK");
  });

  it.each(every.filter((rpc) => !isAnswered(rpc) && !silent.has(rpc.modality)))("is not ready for $id", async (rpc) => {
    await using test = await openMod({ faults: { bootMs: 1000 }, scenario: { ...small, worldLoadMs: 0 } });
    await test.clock.advance(999);
    expect((await callEmpty(test.raw, rpc)).code).toBe("FAILED_PRECONDITION");
    await test.clock.advance(1);
    expect(test.mod.faults.isBooting).toBe(false);
  });

  it.each(every.filter(({ modality }) => silent.has(modality)))(
    "sends nothing for $id until it is ready",
    async (rpc) => {
      await using test = await openMod({ faults: { bootMs: 1000 }, scenario: small });
      let code: string | undefined;
      const call = callEmpty(test.raw, rpc).then((status) => {
        code = status.code;
      });
      await settleUntil(test.clock, () => test.mod.openCalls === 1);
      await test.clock.advance(999);
      expect(code).toBeUndefined();
      await test.clock.advance(100);
      await call;
      expect(code).toBe("OK");
    },
  );

  it("is ready for a caller who asks again and again", async () => {
    await using test = await openMod({ faults: { bootMs: 5000 } });
    const { listOpenWorlds } = services.world.method;
    const codes: string[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      codes.push((await statusOf(test.raw.unary(listOpenWorlds, {}))).code);
      await test.clock.advance(2000);
    }
    expect(codes).toEqual(["FAILED_PRECONDITION", "FAILED_PRECONDITION", "FAILED_PRECONDITION", "OK"]);
  });

  it("counts the time from its own start", async () => {
    await using test = await openMod();
    await test.clock.advance(3000);
    test.mod.faults.set({ bootMs: 4000 });
    expect(test.mod.faults.isBooting).toBe(true);
    test.mod.faults.clear();
    expect(test.mod.faults.isBooting).toBe(false);
  });
});
