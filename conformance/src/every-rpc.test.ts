import { type CallOptions, type Modality, type Resonite, type RpcId, rpcs, services } from "@resoio/core";
import { createVirtualClock } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { openCallsOf } from "./testing/open-calls-of.js";
import { callsOf } from "./testing/requests-of.js";
import { statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { typedCalls } from "./testing/typed-calls.js";
import { withGrowingTime } from "./testing/with-growing-time.js";

const ids = Object.values(rpcs).map(({ id }) => id);

/** Every modality but the one that needs no bridge. */
const modalities = Object.values(rpcs)
  .map(({ modality }) => modality)
  .filter((modality) => modality !== "connection");

const scenario = { display: { width: 16, height: 16 } };

/** Calls every RPC, all at once, and returns how each of them ended. */
async function statusesOf(
  resonite: Resonite,
  calls: readonly RpcId[],
  options?: CallOptions,
): Promise<Record<string, string>> {
  const statuses = calls.map(async (id) => [id, await statusOf(typedCalls[id](resonite, options))] as const);
  return Object.fromEntries(await Promise.all(statuses));
}

/** What is expected of each RPC. */
function each(calls: readonly RpcId[], expected: (id: RpcId, modality: Modality) => unknown): Record<string, unknown> {
  return Object.fromEntries(calls.map((id) => [id, expected(id, rpcs[id].modality)]));
}

describe.each(transports)("every RPC over $name", (transport) => {
  const { open } = transport;

  it("fails with Unavailable, naming the service, when the mod has no bridge for it; a ping needs none", async () => {
    await using test = await open({ scenario, faults: { absentBridges: modalities } });
    expect(await statusesOf(test.resonite, ids)).toEqual(
      each(ids, (id, modality) =>
        id === "connection.ping" ? "ok" : `Unavailable: ${services[modality].name} bridge is not configured.`,
      ),
    );
  });

  it("fails with Internal when its bridge throws, and with Unknown where the mod does not translate that", async () => {
    await using test = await open({ scenario, faults: { throwingBridges: modalities } });
    expect(await statusesOf(test.resonite, ids)).toEqual(
      each(ids, (id, modality) => {
        if (id === "connection.ping") return "ok";
        if (modality === "info" || modality === "lifecycle") return "Unknown: Exception was thrown by handler.";
        const part = id === "locomotion.drive" || id === "microphone.streamAudio" ? "stream" : "bridge";
        return `Internal: ${services[modality].name} ${part} faulted: injected bridge fault`;
      }),
    );
  });

  it("fails with Unimplemented over a mod that is too old for it", async () => {
    await using test = await open({ scenario, faults: { unimplemented: ids } });
    const statuses = await statusesOf(test.resonite, ids);
    expect(statuses).toEqual(each(ids, () => expect.stringMatching(/^Unimplemented: /)));
  });

  it("fails with FailedPrecondition while the engine starts, unless it needs no engine", async () => {
    // Camera and speaker wait instead, a shutdown ends the mod that the others are asked of.
    const asked = ids.filter(
      (id) => !["camera.streamFrames", "speaker.streamAudio", "lifecycle.shutdown"].includes(id),
    );
    const needsNone = ["auth.status", "info.getServerInfo", "connection.ping"];
    await using test = await open({ scenario, faults: { bootMs: 1000 }, clock: createVirtualClock() });
    expect(await statusesOf(test.resonite, asked)).toEqual(
      each(asked, (id, modality) =>
        needsNone.includes(id) || modality === "locomotion" || modality === "microphone"
          ? "ok"
          : "FailedPrecondition: The engine is still starting.",
      ),
    );
  });

  it("ends at its deadline, in the mod too", async () => {
    await using test = await open({ scenario, faults: { hangs: ["*"] } });
    const { engine } = test.mod;
    await withGrowingTime(transport.cannot?.bulk === undefined ? 100 : 1_000, async (timeoutMs) => {
      const statuses = await statusesOf(test.resonite, ids, { timeoutMs });
      expect(statuses).toEqual(each(ids, () => expect.stringMatching(/^DeadlineExceeded: /)));
      return ids.every((id) => engine.journal.calls(id).length > 0);
    });
    for (const id of ids) expect(engine.journal.calls(id)[0]?.status).toMatch(/^(Canceled|DeadlineExceeded)$/);
  });

  it("is cancelled by its signal, in the mod too", async () => {
    const hangs = ids.filter((id) => id !== "connection.ping");
    await using test = await open({ scenario, faults: { hangs } });
    const { engine } = test.mod;
    const aborting = new AbortController();
    const statuses = statusesOf(test.resonite, hangs, { signal: aborting.signal });
    // What was sent before it has reached the mod when the ping is answered, except where another program sends it.
    do await test.resonite.connection.ping();
    while (transport.cannot?.bulk !== undefined && openCallsOf(test.mod) < hangs.length);
    aborting.abort();
    expect(await statuses).toEqual(each(hangs, () => expect.stringMatching(/^Canceled: /)));
    await engine.until(({ journal }) => hangs.every((id) => journal.calls(id).length === 1));
    for (const id of hangs) expect([id, engine.journal.calls(id)[0]?.status]).toEqual([id, "Canceled"]);
  });

  it("is not sent at all when its signal is aborted before", async () => {
    // A drive throws at its first command instead; see there.
    const asked = ids.filter((id) => id !== "locomotion.drive");
    await using test = await open({ scenario });
    const statuses = await statusesOf(test.resonite, asked, { signal: AbortSignal.abort() });
    expect(statuses).toEqual(each(asked, () => expect.stringMatching(/^Canceled: /)));
    await test.resonite.connection.ping();
    expect(callsOf(test.mod)).toEqual(["connection.ping"]);
  });

  it("can be asked for without being called", async () => {
    const unimplemented = ["grabber.use", "camera.streamFrames", "world.join"] as const;
    await using test = await open({ scenario, faults: { unimplemented: [...unimplemented] } });
    const answers = await Promise.all(ids.map(async (id) => [id, await test.resonite.supports(id)] as const));
    expect(Object.fromEntries(answers)).toEqual(each(ids, (id) => !unimplemented.some((absent) => absent === id)));
    expect(test.mod.engine.journal.entries.filter(({ kind }) => kind === "change")).toEqual([]);
  });
});
