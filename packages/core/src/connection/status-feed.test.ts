import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { Connection } from "../gen/resonite_io/v1/connection_pb.js";
import { Resonite } from "../index.js";
import { collect } from "../testing/collect.js";
import { fakeMod } from "../testing/fake-mod.js";
import { take } from "../testing/take.js";

describe("Resonite.status over a transport that knows nothing of connections", () => {
  it("is connected, until the Resonite is closed", async () => {
    const resonite = open();
    const all = collect(resonite.status());
    const changes = resonite.status();
    expect(await take(changes)).toEqual({ state: "connected" });

    await resonite.close();

    expect(await take(changes)).toEqual({ state: "closed" });
    expect(await changes.next()).toEqual({ done: true, value: undefined });
    expect(await all).toEqual([{ state: "connected" }, { state: "closed" }]);
  });

  it("is closed, and ends, for a loop that begins after that", async () => {
    const resonite = open();
    await resonite.close();
    await resonite.close();

    expect(await collect(resonite.status())).toEqual([{ state: "closed" }]);
    expect(await collect(resonite.status())).toEqual([{ state: "closed" }]);
  });

  it("tells a change that came before it was asked for it, and one that came after", async () => {
    const resonite = open();
    const early = resonite.status();
    await take(early);
    const waiting = early.next();
    const late = resonite.status();

    await resonite.close();

    expect(await waiting).toEqual({ done: false, value: { state: "closed" } });
    expect(await collect(late)).toEqual([{ state: "connected" }, { state: "closed" }]);
  });

  it("ends for the loop whose signal is aborted, and for no other", async () => {
    const resonite = open();
    const controller = new AbortController();
    const changes = resonite.status({ signal: controller.signal });
    const other = collect(resonite.status());
    await take(changes);
    const waiting = changes.next();

    controller.abort();

    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await changes.next()).toEqual({ done: true, value: undefined });
    await resonite.close();
    expect(await other).toEqual([{ state: "connected" }, { state: "closed" }]);
  });

  it("ends, and forgets the signal, when the loop is left, also while somebody waits for the next change", async () => {
    const { signal } = new AbortController();
    const changes = open().status({ signal });
    await take(changes);
    const waiting = changes.next();

    expect(await changes.return?.()).toEqual({ done: true, value: undefined });

    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await changes.next()).toEqual({ done: true, value: undefined });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

function open(): Resonite {
  return new Resonite(fakeMod(Connection, {}).transport);
}
