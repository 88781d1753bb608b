import { createClient } from "@connectrpc/connect";
import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createMockMod } from "../create-mock-mod.js";
import { defaultScenario } from "../scenarios/default-scenario.js";
import { parseScenario } from "../scenarios/parse-scenario.js";
import { openMod } from "../testing/open-mod.js";
import { createVirtualClock, type VirtualClock } from "./clock.js";
import { Engine } from "./engine.js";

function openEngine(): { readonly engine: Engine; readonly clock: VirtualClock } {
  const clock = createVirtualClock();
  return { engine: new Engine({ scenario: parseScenario(defaultScenario), clock }), clock };
}

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  return (await Promise.race([promise.catch(() => {}), Promise.resolve(pending)])) !== pending;
}

describe("Engine.until", () => {
  it("resolves at once when the condition holds already", async () => {
    const { engine } = openEngine();
    await engine.until(({ worlds }) => worlds.focused?.name === "Home");
  });

  it("resolves with the change that makes the condition true, without time passing", async () => {
    const { engine } = openEngine();
    const waiting = engine.until(({ worlds }) => worlds.open.length === 0);
    expect(await isSettled(waiting)).toBe(false);
    engine.worlds.leave(engine.worlds.requireFocused().handle);
    await waiting;
  });

  it("resolves with the call that makes the condition true", async () => {
    await using test = await openMod();
    const waiting = test.engine.until(({ journal }) => journal.calls("connection.ping").length === 2);
    await test.raw.unary(services.connection.method.ping, {});
    expect(await isSettled(waiting)).toBe(false);
    await test.raw.unary(services.connection.method.ping, {});
    await waiting;
  });

  it("looks after every tick, also when nothing is reported", async () => {
    const { engine, clock } = openEngine();
    const waiting = engine.until(({ clock: { nowMs } }) => nowMs() >= 100);
    await clock.advance(99);
    expect(await isSettled(waiting)).toBe(false);
    await clock.advance(20);
    await waiting;
  });

  it("resolves all who wait, and looks no more at a condition that held", async () => {
    const { engine, clock } = openEngine();
    let looks = 0;
    const waiting = [1, 2, 3].map(() =>
      engine.until(({ worlds }) => {
        looks++;
        return worlds.open.length === 0;
      }),
    );
    engine.worlds.leave(engine.worlds.requireFocused().handle);
    await Promise.all(waiting);
    const before = looks;
    await clock.advance(1000);
    expect(looks).toBe(before);
  });

  it("rejects with the signal's reason, before or while it waits, and looks no more", async () => {
    const { engine, clock } = openEngine();
    await expect(engine.until(() => true, AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
    const aborting = new AbortController();
    let looks = 0;
    const waiting = engine.until(() => {
      looks++;
      return false;
    }, aborting.signal);
    const failed = expect(waiting).rejects.toThrow("enough");
    aborting.abort(new Error("enough"));
    await failed;
    await clock.advance(1000);
    expect(looks).toBe(1);
  });

  it("rejects with what the condition throws", async () => {
    const { engine } = openEngine();
    const waiting = engine.until(({ worlds }) => {
      if (worlds.open.length === 0) throw new Error("no world");
      return false;
    });
    const failed = expect(waiting).rejects.toThrow("no world");
    engine.worlds.leave(engine.worlds.requireFocused().handle);
    await failed;
  });
});

describe("Engine.snapshot and restore", () => {
  it("bring everything back that was changed in between", async () => {
    await using test = await openMod({ scenario: { worldLoadMs: 0 } });
    const { engine, clock, raw } = test;
    await clock.advance(1000);
    const before = engine.snapshot();

    await raw.unary(services.display.method.apply, { width: 1024, height: 768 });
    await raw.unary(services.contact.method.removeContact, { userId: "U-alice" });
    await raw.unary(services.inventory.method.makeDir, { path: "/Inventory/New" });
    await raw.unary(services.world.method.leave, { handle: engine.worlds.requireFocused().handle });
    await raw.unary(services.auth.method.logout, {});
    engine.microphone.append(new Float32Array(100));
    engine.avatar.tick();
    await clock.advance(1000);
    expect(engine.snapshot()).not.toEqual(before);

    engine.restore(before);
    expect(engine.snapshot()).toEqual(before);
    expect((await raw.unary(services.auth.method.status, {})).userId).toBe("U-robin");
    expect((await raw.unary(services.world.method.getCurrent, {})).world?.name).toBe("Home");
  });

  it("share nothing with the state", () => {
    const { engine } = openEngine();
    const snapshot = engine.snapshot();
    snapshot.avatar.yawDegrees = 90;
    expect(engine.state.avatar.yawDegrees).toBe(0);
    engine.restore(snapshot);
    engine.state.avatar.yawDegrees = 180;
    expect(snapshot.avatar.yawDegrees).toBe(90);
    engine.restore(snapshot);
    expect(engine.state.avatar.yawDegrees).toBe(90);
  });

  it("wake up whoever waits for what was restored", async () => {
    const { engine } = openEngine();
    const before = engine.snapshot();
    engine.worlds.leave(engine.worlds.requireFocused().handle);
    const waiting = engine.until(({ worlds }) => worlds.focused?.name === "Home");
    engine.restore(before);
    await waiting;
  });

  it("carry a state into another engine", async () => {
    const { engine } = openEngine();
    engine.worlds.leave(engine.worlds.requireFocused().handle);
    const { engine: other } = openEngine();
    other.restore(engine.snapshot());
    expect(other.worlds.open).toEqual([]);
  });

  it("keep the sound in the queue, and serve who waits for it", async () => {
    const { engine, clock } = openEngine();
    await clock.advance(100);
    const before = engine.snapshot();
    const { signal } = new AbortController();
    for (let frame = 0; frame < 4; frame++) await engine.speaker.take(signal);
    const waiting = engine.speaker.take(signal);
    engine.restore(before);
    await clock.advance(30);
    expect((await waiting)?.frameId).toBe(0n);
  });
});

describe("the engine's time", () => {
  it("ticks 60 times and takes 100 audio steps in a second", async () => {
    const { engine, clock } = openEngine();
    let ticks = 0;
    void engine.until(() => {
      ticks++;
      return false;
    });
    await clock.advance(60_000);
    // Once at the beginning.
    expect(ticks - 1).toBeGreaterThanOrEqual(3599);
    expect(ticks - 1).toBeLessThanOrEqual(3600);
    expect(engine.state.speaker.nextFrameId).toBe(BigInt(Math.floor((60 * 48_000) / 1024)));
  });

  it("stands still when the engine is disposed", async () => {
    const { engine, clock } = openEngine();
    await clock.advance(100);
    engine[Symbol.dispose]();
    const { nextFrameId } = engine.state.speaker;
    await clock.advance(1000);
    expect(engine.state.speaker.nextFrameId).toBe(nextFrameId);
  });

  it("gives the same state for the same scenario and the same calls", async () => {
    const run = async (): Promise<unknown> => {
      const clock = createVirtualClock();
      await using mod = createMockMod({ clock, scenario: { worldLoadMs: 0 } });
      const world = createClient(services.world, mod.transport());
      const join = world.join({ sessionId: "S-gallery", focus: true });
      await mod.engine.until(({ worlds }) => worlds.open.length === 2);
      await clock.advance(1500);
      await join;
      return mod.engine.snapshot();
    };
    expect(await run()).toEqual(await run());
  });
});
