import { describe, expect, it } from "vitest";
import { type AvatarState, initialAvatar } from "./avatar.js";
import { type Motion, walk } from "./walk.js";

const room = { width: 10, depth: 12, height: 3.5 };
const still: Motion = { moveForward: 0, moveRight: 0, velocity: 1, yawRate: 0, pitchRate: 0, crouch: 0, jump: false };

function after(ticks: number, motion: Partial<Motion>, start: Partial<AvatarState> = {}, place = room): AvatarState {
  let body = { ...initialAvatar(), ...start };
  for (let tick = 0; tick < ticks; tick++) {
    body = walk(body, { ...still, ...motion, jump: motion.jump === true && tick === 0 }, place, 1 / 60);
  }
  return body;
}

describe("a walking body", () => {
  it.each([
    ["forward", { moveForward: 1 }, 0, { x: 0, z: 4 }],
    ["forward, facing right", { moveForward: 1 }, 90, { x: 4, z: 0 }],
    ["back", { moveForward: -1 }, 0, { x: 0, z: -4 }],
    ["to the right", { moveRight: 1 }, 0, { x: 4, z: 0 }],
    ["to the left, facing right", { moveRight: -1 }, 90, { x: 0, z: 4 }],
    ["at half speed", { moveForward: 1, velocity: 0.5 }, 0, { x: 0, z: 2 }],
    ["not at all at velocity 0", { moveForward: 1, velocity: 0 }, 0, { x: 0, z: 0 }],
  ])("goes %s", (_, motion, yawDegrees, { x, z }) => {
    const { position } = after(60, motion, { yawDegrees });
    expect(position.x).toBeCloseTo(x, 6);
    expect(position.z).toBeCloseTo(z, 6);
    expect(position.y).toBe(0);
  });

  it("keeps 0.3 m from every wall, and stands in the middle of a room that is too small for that", () => {
    expect(after(600, { moveForward: 1, moveRight: 1 }).position).toMatchObject({ x: 4.7, z: 5.7 });
    expect(after(600, { moveForward: -1, moveRight: -1 }).position).toMatchObject({ x: -4.7, z: -5.7 });
    const { position } = after(60, { moveForward: 1 }, {}, { width: 0.5, depth: 0.5, height: 2 });
    expect(position).toMatchObject({ x: 0, z: 0 });
  });

  it("turns right for a positive rate, and keeps its heading from 0 to 360", () => {
    expect(after(60, { yawRate: 90 }).yawDegrees).toBeCloseTo(90, 9);
    expect(after(60, { yawRate: -90 }).yawDegrees).toBeCloseTo(270, 9);
    expect(after(60, { yawRate: 360 }).yawDegrees % 360).toBeCloseTo(0, 6);
  });

  it("looks up for a positive rate, up to 89 degrees either way", () => {
    expect(after(60, { pitchRate: 30 }).pitchDegrees).toBeCloseTo(30, 9);
    expect(after(60, { pitchRate: 500 }).pitchDegrees).toBe(89);
    expect(after(60, { pitchRate: -500 }).pitchDegrees).toBe(-89);
  });

  it("jumps once from the floor, about a metre high, and lands", () => {
    const top = after(27, { jump: true });
    expect(top.position.y).toBeGreaterThan(1);
    expect(top.position.y).toBeLessThan(4.5 ** 2 / (2 * 9.81) + 0.001);
    expect(after(60, { jump: true })).toMatchObject({ position: { y: 0 }, fallVelocity: 0 });
  });

  it("cannot jump in the air", () => {
    const flying = after(10, { jump: true });
    const next = walk(flying, { ...still, jump: true }, room, 1 / 60);
    expect(next).toEqual(walk(flying, still, room, 1 / 60));
  });

  it("does not get through a low ceiling", () => {
    const low = { ...room, height: 2 };
    const highest = Math.max(
      ...Array.from({ length: 60 }, (_, ticks) => after(ticks, { jump: true }, {}, low).position.y),
    );
    expect(highest).toBeCloseTo(0.2, 9);
    expect(after(60, { jump: true }, {}, low).position.y).toBe(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("takes %s for 0", (odd) => {
    const motion = { moveForward: odd, moveRight: odd, velocity: odd, yawRate: odd, pitchRate: odd, crouch: odd };
    expect(after(10, motion)).toEqual(initialAvatar());
  });

  it("stays in the room at the largest numbers there are", () => {
    const most = 3.4e38;
    const body = after(10, { moveForward: most, moveRight: -most, velocity: most, yawRate: most, pitchRate: most });
    expect(Math.abs(body.position.x)).toBeLessThanOrEqual(4.7);
    expect(Math.abs(body.position.z)).toBeLessThanOrEqual(5.7);
    expect(body.yawDegrees).toBeGreaterThanOrEqual(0);
    expect(body.yawDegrees).toBeLessThan(360);
    expect(body.pitchDegrees).toBe(89);
  });
});
