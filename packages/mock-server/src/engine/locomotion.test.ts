import { describe, expect, it } from "vitest";
import { createMockMod } from "../create-mock-mod.js";
import { createVirtualClock, type VirtualClock } from "./clock.js";
import type { Engine } from "./engine.js";
import type { LocomotionCommand } from "./locomotion.js";

const neutral = {
  moveForward: 0,
  moveRight: 0,
  moveUp: 0,
  yawRate: 0,
  pitchRate: 0,
  velocity: 1,
  crouch: 0,
  unixNanos: 0n,
  isJumpPending: false,
  pendingReset: { move: false, look: false, crouch: false, jump: false },
};
const everything = {
  moveForward: 0.1,
  moveRight: 0.2,
  moveUp: 0.3,
  yawRate: 40,
  pitchRate: 50,
  velocity: 0.6,
  crouch: 0.7,
  unixNanos: 800n,
} as const;
const nothing = { move: false, look: false, crouch: false, jump: false };
const all = { move: true, look: true, crouch: true, jump: true };
const tickMs = 1000 / 60;

function start(openWorlds?: readonly { readonly name: string }[]): {
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly command: (command: Partial<LocomotionCommand>) => void;
} {
  const clock = createVirtualClock();
  const scenario = openWorlds === undefined ? {} : { openWorlds: [...openWorlds] };
  const { engine } = createMockMod({ clock, scenario });
  return { engine, clock, command: (command) => engine.locomotion.command({ unixNanos: 0n, ...command }) };
}

describe("the locomotion repeater", () => {
  it("is neutral at the start", () => {
    expect(start().engine.state.locomotion).toEqual(neutral);
  });

  it("takes over only what a command names, and adds up over commands", () => {
    const { engine, command } = start();
    command({ moveForward: 1 });
    command({ yawRate: 0.5, unixNanos: 100n });
    expect(engine.state.locomotion).toEqual({ ...neutral, moveForward: 1, yawRate: 0.5, unixNanos: 100n });
    command({ moveForward: 0 });
    expect(engine.state.locomotion).toMatchObject({ moveForward: 0, yawRate: 0.5, velocity: 1, unixNanos: 0n });
    command({ velocity: 0 });
    expect(engine.state.locomotion.velocity).toBe(0);
  });

  it("takes over everything that is named", () => {
    const { engine, command } = start();
    command({ ...everything, jump: true });
    expect(engine.state.locomotion).toEqual({ ...neutral, ...everything, isJumpPending: true });
  });

  it.each([
    ["move", { moveForward: 0, moveRight: 0, moveUp: 0, velocity: 1 }],
    ["look", { yawRate: 0, pitchRate: 0 }],
    ["crouch", { crouch: 0 }],
    ["jump", {}],
  ] as const)("resets %s alone", async (group, reset) => {
    const { engine, clock, command } = start();
    command({ ...everything, jump: true });
    expect(engine.locomotion.reset({ ...nothing, [group]: true })).toEqual({ ...nothing, [group]: true });
    await clock.advance(tickMs + 1);
    expect(engine.state.locomotion).toEqual({ ...neutral, ...everything, ...reset });
    expect(engine.state.avatar.fallVelocity > 0).toBe(group !== "jump");
  });

  it("takes no group for all groups, and keeps the time of the last command", async () => {
    const { engine, clock, command } = start();
    command({ ...everything, jump: true });
    expect(engine.locomotion.reset(nothing)).toEqual(all);
    await clock.advance(tickMs + 1);
    expect(engine.state.locomotion).toEqual({ ...neutral, unixNanos: 800n });
    expect(engine.state.avatar).toMatchObject({ fallVelocity: 0, yawDegrees: 0, crouch: 0 });
  });

  it("resets with the next tick, along with what was commanded until then, but no more after it", async () => {
    const { engine, clock, command } = start();
    engine.locomotion.reset({ ...nothing, jump: true });
    engine.locomotion.reset({ ...nothing, move: true });
    engine.locomotion.reset({ ...nothing, crouch: true });
    command({ moveForward: 1, yawRate: 30, crouch: 1, jump: true });
    expect(engine.state.locomotion.moveForward).toBe(1);
    await clock.advance(tickMs + 1);
    expect(engine.state.locomotion).toEqual({ ...neutral, yawRate: 30 });
    expect(engine.state.avatar.fallVelocity).toBe(0);

    command({ moveForward: 1 });
    await clock.advance(tickMs);
    expect(engine.state.locomotion.moveForward).toBe(1);
  });

  it("makes one jump of several within a tick, and is not moved by jump=false", async () => {
    const { engine, clock, command } = start();
    command({ jump: true });
    command({ jump: false });
    command({ jump: true });
    expect(engine.journal.changes("locomotionCommanded")).toHaveLength(1);
    await clock.advance(tickMs + 1);
    expect(engine.state.avatar.fallVelocity).toBeGreaterThan(0);
    await clock.advance(1500);
    expect(engine.state.avatar).toMatchObject({ fallVelocity: 0, position: { y: 0 } });
    command({ jump: false });
    await clock.advance(tickMs);
    expect(engine.state.avatar.fallVelocity).toBe(0);
  });

  it("goes on until it is told otherwise, and does not rise while walking", async () => {
    const { engine, clock, command } = start();
    command({ moveForward: 0.25, moveUp: 1 });
    await clock.advance(1008);
    expect(engine.state.avatar.position).toEqual({ x: 0, y: 0, z: expect.closeTo(-4.2, 6) });
    await clock.advance(1000);
    expect(engine.state.avatar.position.z).toBeCloseTo(-3.2, 6);
  });

  it("keeps commands, a jump and a reset for the first world", async () => {
    const { engine, clock, command } = start([]);
    command({ crouch: 1 });
    engine.locomotion.reset({ ...nothing, crouch: true });
    command({ yawRate: 60, jump: true });
    await clock.advance(1000);
    expect(engine.state.locomotion).toMatchObject({ crouch: 1, yawRate: 60, isJumpPending: true });
    expect(engine.state.avatar.yawDegrees).toBe(0);

    const joined = engine.worlds.join({ sessionId: "S-gallery", url: "", focus: true }, AbortSignal.timeout(10_000));
    await clock.advance(700);
    await joined;
    expect(engine.state.locomotion).toMatchObject({ crouch: 0, yawRate: 60, isJumpPending: false });
    expect(engine.state.avatar.yawDegrees).toBeGreaterThan(0);
    expect(engine.state.avatar.position.y).toBeGreaterThan(0);
  });

  it("goes on in another world, from its entrance", async () => {
    const { engine, clock, command } = start([{ name: "Home" }, { name: "Gallery" }]);
    command({ moveForward: 1 });
    await clock.advance(1000);
    expect(engine.state.avatar.position.z).toBeGreaterThan(-2);
    const focused = engine.worlds.focus(engine.worlds.byName("Gallery").handle, AbortSignal.timeout(10_000));
    await clock.advance(100);
    await focused;
    expect(engine.state.locomotion.moveForward).toBe(1);
    const { z } = engine.state.avatar.position;
    expect(z).toBeGreaterThan(-7.2);
    expect(z).toBeLessThan(-6.5);
  });

  it("does not let NaN and infinity hurt the avatar, and recovers from them", async () => {
    const { engine, clock, command } = start();
    const before = engine.snapshot().avatar;
    command({ moveForward: Number.NaN, velocity: Number.NaN, yawRate: Number.POSITIVE_INFINITY, crouch: Number.NaN });
    await clock.advance(100);
    expect(engine.state.avatar).toEqual(before);
    command({ moveForward: 1, velocity: 1, yawRate: 0, crouch: 0 });
    await clock.advance(100);
    expect(engine.state.avatar.position.z).toBeGreaterThan(before.position.z);
  });

  it("does nothing any more once it is disposed", async () => {
    const { engine, clock, command } = start();
    command({ moveForward: 1 });
    const before = engine.snapshot();
    engine.locomotion.dispose();
    command({ yawRate: 90 });
    expect(engine.locomotion.reset(nothing)).toEqual(all);
    await clock.advance(100);
    expect(engine.state.locomotion).toEqual(before.locomotion);
    expect(engine.state.avatar).toEqual(before.avatar);
  });
});
