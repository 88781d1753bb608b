import { services } from "@resoio/core";
import { GrabberButton, GrabberHand } from "@resoio/core/gen/resonite_io/v1/grabber_pb";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { WorldObject } from "../engine/world-state.js";
import type { placeObject } from "../scenarios/parts/place.js";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { aimAt } from "../testing/aim-at.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { RawClient, statusOf } from "../testing/raw-client.js";
import { setCursor } from "../testing/set-cursor.js";

const { grab, release, getState, use, unuse, equip, dequip } = services.grabber.method;
const { LEFT, RIGHT, PRIMARY, UNSPECIFIED } = GrabberHand;
type ScenarioObject = z.input<typeof placeObject>;

const never = new AbortController().signal;

// The user comes in at z = -5.2 and looks along +Z.
const cube = { name: "Cube", position: { x: 0, y: 1, z: -2 }, size: { x: 0.8, y: 0.8, z: 0.8 } };
const ball = { name: "Ball", shape: "ball", position: { x: 2, y: 1, z: 0 } } as const;
const brush = { name: "Brush", position: { x: -2, y: 1, z: 0 }, tool: true };
const besideCube = (metres: number) => ({ x: 0.4 + metres, y: 1, z: -2.4 });

function room(objects: readonly ScenarioObject[] = [cube, ball, brush]): ScenarioInput {
  const grey = [90, 90, 90] as const;
  const empty = { room: { width: 10, depth: 12, height: 3.5, floor: grey, walls: grey } };
  return {
    openWorlds: [{ name: "Home" }, { name: "Gallery" }],
    places: { Home: { ...empty, objects: [...objects] }, Gallery: empty },
  };
}

function objectNamed(test: OpenMod, name: string): WorldObject {
  const object = test.engine.worlds.byName("Home").objects.find((candidate) => candidate.name === name);
  if (object === undefined) throw new Error(`there is no ${name}`);
  return object;
}

async function grabThe(test: OpenMod, name: string, hand = RIGHT): Promise<void> {
  await aimAt(test, objectNamed(test, name).position);
  expect(await test.raw.unary(grab, { hand })).toMatchObject({ grabbed: true });
}

describe("Grabber.Grab", () => {
  it("grabs with the hand that is named, and tells what that hand holds", async () => {
    await using test = await openMod({ scenario: room() });
    await aimAt(test, cube.position);
    const { grabbed, state } = await test.raw.unary(grab, { hand: LEFT, radius: 0.25 });
    expect(grabbed).toBe(true);
    expect(state).toMatchObject({ hand: LEFT, isHolding: true, objectNames: ["Cube"] });
    expect(state?.unixNanos).toBe(test.clock.unixNanos());
    expect(await test.raw.unary(getState, { hand: RIGHT })).toMatchObject({ isHolding: false, objectNames: [] });
  });

  it.each([
    [0, 0.05, true],
    [0, 0.2, false],
    [-1, 0.05, true],
    [-1, 0.2, false],
    [Number.NaN, 0.05, true],
    [Number.NaN, 0.2, false],
    [0.42, 0.2, true],
    [0.42, 0.8, false],
    [0.01, 0.05, false],
  ])("with radius %d reaches a thing %d m beside the cursor: %s", async (radius, metres, grabbed) => {
    await using test = await openMod({ scenario: room([cube]) });
    await aimAt(test, besideCube(metres));
    expect(await test.raw.unary(grab, { radius })).toMatchObject({ grabbed, state: { isHolding: grabbed } });
  });

  it("says grabbed=false with OK when nothing is there, and changes nothing", async () => {
    await using test = await openMod({ scenario: room() });
    await setCursor(test, 0.5, 0.05);
    const result = await test.raw.unary(grab, {});
    expect(result).toMatchObject({ grabbed: false, state: { hand: RIGHT, isHolding: false, objectNames: [] } });
    expect(test.engine.journal.changes("objectGrabbed")).toEqual([]);
    expect(test.engine.state.grabber).toEqual({ handsByWorld: {} });
  });

  it("adds to what the hand holds, in order, and does not grab what is in a hand already", async () => {
    await using test = await openMod({
      scenario: room([cube, { ...cube, name: "Far", position: { x: 0, y: 0.4, z: 2 } }]),
    });
    await aimAt(test, cube.position);
    expect(await test.raw.unary(grab, {})).toMatchObject({ grabbed: true, state: { objectNames: ["Cube"] } });
    expect(await test.raw.unary(grab, {})).toMatchObject({ grabbed: true, state: { objectNames: ["Cube", "Far"] } });
    const both = { grabbed: false, state: { isHolding: true, objectNames: ["Cube", "Far"] } };
    expect(await test.raw.unary(grab, {})).toMatchObject(both);
    expect(await test.raw.unary(grab, { hand: LEFT })).toMatchObject({ grabbed: false, state: { isHolding: false } });
    expect(await test.raw.unary(getState, {})).toMatchObject(both.state);
  });

  it("does not grab what cannot be taken, nor what is behind it, but what is before it", async () => {
    const table = { ...cube, name: "Table", grabbable: false };
    const cup = { ...cube, name: "Cup", size: { x: 0.1, y: 0.1, z: 0.1 } };
    await using behind = await openMod({ scenario: room([table, { ...cup, position: { x: 0, y: 1, z: 0 } }]) });
    await aimAt(behind, table.position);
    expect(await behind.raw.unary(grab, {})).toMatchObject({ grabbed: false });
    await using before = await openMod({ scenario: room([table, { ...cup, position: { x: 0, y: 1, z: -2.6 } }]) });
    await aimAt(before, { x: 0, y: 1, z: -2.6 });
    expect(await before.raw.unary(grab, {})).toMatchObject({ grabbed: true, state: { objectNames: ["Cup"] } });
  });

  it("gives an empty string for a thing without a name", async () => {
    await using test = await openMod({ scenario: room([{ ...cube, name: "" }]) });
    await aimAt(test, cube.position);
    expect(await test.raw.unary(grab, {})).toMatchObject({
      grabbed: true,
      state: { isHolding: true, objectNames: [""] },
    });
  });

  it.each([
    [UNSPECIFIED, "right", RIGHT],
    [PRIMARY, "right", RIGHT],
    [PRIMARY, "left", LEFT],
    [LEFT, "right", LEFT],
    [RIGHT, "left", RIGHT],
    [99, "left", LEFT],
  ] satisfies [number, "left" | "right", GrabberHand][])(
    "takes hand %d, the primary one being the %s, for %d",
    async (hand: number, primaryHand, expected) => {
      await using test = await openMod({ scenario: { ...room(), primaryHand } });
      await aimAt(test, cube.position);
      expect(await test.raw.unary(grab, { hand })).toMatchObject({ grabbed: true, state: { hand: expected } });
      expect(await test.raw.unary(getState, { hand: expected })).toMatchObject({ hand: expected, isHolding: true });
      expect(await test.raw.unary(release, { hand })).toMatchObject({ hand: expected, isHolding: false });
    },
  );

  it("fails with FAILED_PRECONDITION in VR, where everything else works", async () => {
    await using test = await openMod({ scenario: { ...room(), vr: true } });
    expect(await statusOf(test.raw.unary(grab, {}))).toEqual({
      code: "FAILED_PRECONDITION",
      details: expect.stringContaining("desktop"),
    });
    expect(await test.raw.unary(release, {})).toMatchObject({ isHolding: false });
    expect(await test.raw.unary(getState, {})).toMatchObject({ isHolding: false });
    expect(await test.raw.unary(use, {})).toMatchObject({ heldButtons: [GrabberButton.PRIMARY] });
  });
});

describe("a thing in a hand", () => {
  it("stays for 60 ticks where it was grabbed, and then follows the hand", async () => {
    await using test = await openMod({ scenario: room() });
    await grabThe(test, "Cube");
    await test.clock.advance(990);
    expect(objectNamed(test, "Cube").position).toEqual(cube.position);
    await test.clock.advance(30);
    const held = objectNamed(test, "Cube").position;
    expect(held).not.toEqual(cube.position);
    expect(held.x).toBeGreaterThan(0);

    test.engine.locomotion.command({ moveForward: 0.25, yawRate: 0, unixNanos: 0n });
    await test.clock.advance(1000);
    test.engine.locomotion.reset({ move: true, look: true, crouch: true, jump: true });
    await test.clock.advance(20);
    const walked = test.engine.state.avatar.position.z - -5.2;
    expect(walked).toBeGreaterThan(0.9);
    expect(objectNamed(test, "Cube").position.z - held.z).toBeCloseTo(walked, 6);
  });

  it("turns along with the user, on its side, and keeps within the room", async () => {
    await using test = await openMod({ scenario: room() });
    await grabThe(test, "Cube", LEFT);
    await test.clock.advance(1100);
    expect(objectNamed(test, "Cube").position.x).toBeLessThan(0);
    test.engine.locomotion.command({ yawRate: 180, unixNanos: 0n });
    await test.clock.advance(1000);
    test.engine.locomotion.command({ yawRate: 0, pitchRate: -90, unixNanos: 0n });
    await test.clock.advance(1000);
    const { position, yawDegrees } = objectNamed(test, "Cube");
    expect(position.x).toBeGreaterThan(0);
    expect(position.z).toBeGreaterThanOrEqual(-6 + 0.4);
    expect(position.y).toBeGreaterThanOrEqual(0.4);
    expect(yawDegrees).toBeGreaterThan(170);
  });

  it("falls to the floor where it is when it is released, and release does nothing more after that", async () => {
    await using test = await openMod({ scenario: room() });
    await grabThe(test, "Cube");
    await test.clock.advance(1100);
    const { x, z } = objectNamed(test, "Cube").position;
    expect(await test.raw.unary(release, {})).toMatchObject({ hand: RIGHT, isHolding: false, objectNames: [] });
    expect(objectNamed(test, "Cube").position).toEqual({ x, y: 0.4, z });
    expect(await test.raw.unary(release, {})).toMatchObject({ isHolding: false });
    expect(test.engine.journal.changes("objectsReleased")).toHaveLength(1);
    await test.clock.advance(100);
    expect(objectNamed(test, "Cube").position).toEqual({ x, y: 0.4, z });
  });

  it("belongs to the engine: it is still held when its caller has gone", async () => {
    await using test = await openMod({ scenario: room() });
    {
      using other = new RawClient(test.mod.socketPath);
      await aimAt(test, cube.position);
      await other.unary(grab, {});
    }
    expect(await test.raw.unary(getState, {})).toMatchObject({ isHolding: true, objectNames: ["Cube"] });
  });

  it("stays in its world, whose hands are others than those elsewhere", async () => {
    await using test = await openMod({ scenario: room() });
    await grabThe(test, "Cube");
    await test.raw.unary(use, {});
    const { worlds } = test.engine;
    for (const [name, isHolding] of [
      ["Gallery", false],
      ["Home", true],
    ] as const) {
      const focused = worlds.focus(worlds.byName(name).handle, never);
      await test.clock.advance(200);
      await focused;
      const heldButtons = isHolding ? [GrabberButton.PRIMARY] : [];
      expect(await test.raw.unary(getState, {})).toMatchObject({ isHolding, heldButtons });
    }
    worlds.leave(worlds.byName("Home").handle);
    await test.clock.advance(20);
    expect(test.engine.state.grabber).toEqual({ handsByWorld: {} });
  });

  it("is no longer reported when it is gone", async () => {
    await using test = await openMod({ scenario: room() });
    await grabThe(test, "Cube");
    const home = test.engine.worlds.byName("Home");
    home.objects = home.objects.filter(({ name }) => name !== "Cube");
    await test.clock.advance(1100);
    expect(await test.raw.unary(getState, {})).toMatchObject({ isHolding: false, objectNames: [] });
    expect(await test.raw.unary(release, {})).toMatchObject({ isHolding: false });
  });

  it("is part of a snapshot", async () => {
    await using test = await openMod({ scenario: room() });
    await grabThe(test, "Cube");
    const snapshot = test.engine.snapshot();
    await test.raw.unary(release, {});
    test.engine.restore(snapshot);
    expect(await test.raw.unary(getState, {})).toMatchObject({ objectNames: ["Cube"] });
  });
});

describe("Grabber.Use and Unuse", () => {
  it("keeps a button pressed until it is let go, for all callers", async () => {
    await using test = await openMod({ scenario: room() });
    using other = new RawClient(test.mod.socketPath);
    expect(await other.unary(use, { hand: LEFT })).toMatchObject({ hand: LEFT, heldButtons: [GrabberButton.PRIMARY] });
    await test.clock.advance(5000);
    expect(await test.raw.unary(getState, { hand: LEFT })).toMatchObject({ heldButtons: [GrabberButton.PRIMARY] });
    expect(await test.raw.unary(getState, { hand: RIGHT })).toMatchObject({ heldButtons: [] });
    expect(await test.raw.unary(unuse, { hand: LEFT })).toMatchObject({ heldButtons: [] });
  });

  it("keeps both buttons apart, and does nothing for one that is not pressed", async () => {
    await using test = await openMod({ scenario: room() });
    const unknown: number = 99;
    const { PRIMARY: main, SECONDARY: second, UNSPECIFIED: unspecified } = GrabberButton;
    expect(await test.raw.unary(use, { button: second })).toMatchObject({ heldButtons: [second] });
    expect(await test.raw.unary(unuse, { button: main })).toMatchObject({ heldButtons: [second] });
    expect(await test.raw.unary(use, { button: unspecified })).toMatchObject({ heldButtons: [main, second] });
    expect(await test.raw.unary(unuse, { button: second })).toMatchObject({ heldButtons: [main] });
    expect(await test.raw.unary(unuse, { button: unknown })).toMatchObject({ heldButtons: [] });
  });

  it.each([
    [undefined, 1],
    [0, 0],
    [0.25, 0.25],
    [1.5, 1],
    [-1, 0],
    [Number.POSITIVE_INFINITY, 1],
    [Number.NaN, 0],
  ])("takes a strength of %d for %d", async (strength, expected) => {
    await using test = await openMod({ scenario: room() });
    const request = strength === undefined ? {} : { strength };
    expect(await test.raw.unary(use, request)).toMatchObject({ heldButtons: [GrabberButton.PRIMARY] });
    expect(test.engine.journal.changes("buttonPressed")).toMatchObject([
      { hand: "right", button: "primary", strength: expected },
    ]);
    const { handle } = test.engine.worlds.byName("Home");
    expect(test.engine.state.grabber.handsByWorld[handle]?.right.buttons).toEqual({ primary: expected });
  });

  it("ignores the strength of the secondary button", async () => {
    await using test = await openMod({ scenario: room() });
    await test.raw.unary(use, { button: GrabberButton.SECONDARY, strength: 0.25 });
    expect(test.engine.journal.changes("buttonPressed")).toMatchObject([{ button: "secondary", strength: 1 }]);
  });
});

describe("Grabber.Equip and Dequip", () => {
  it("makes the tool in the hand the hand's tool, and takes it off again", async () => {
    await using test = await openMod({ scenario: room() });
    await grabThe(test, "Brush");
    expect(await test.raw.unary(getState, {})).toMatchObject({ isToolEquipped: false, equippedToolName: "" });
    expect(await test.raw.unary(equip, {})).toMatchObject({
      hand: RIGHT,
      isToolEquipped: true,
      equippedToolName: "Brush",
      isHolding: false,
      objectNames: [],
    });
    await test.raw.unary(release, {});
    expect(await test.raw.unary(getState, {})).toMatchObject({ isToolEquipped: true });
    await test.clock.advance(20);
    expect(objectNamed(test, "Brush").position.z).toBeLessThan(-3);

    expect(await test.raw.unary(dequip, {})).toMatchObject({ isToolEquipped: false, equippedToolName: "" });
    expect(objectNamed(test, "Brush").position.y).toBeCloseTo(0.3, 9);
    expect(await test.raw.unary(dequip, {})).toMatchObject({ isToolEquipped: false });
    expect(test.engine.journal.changes("toolDequipped")).toHaveLength(1);
  });

  it("does nothing for an empty hand, for a thing that is no tool and for the other hand", async () => {
    await using test = await openMod({ scenario: room() });
    expect(await test.raw.unary(equip, {})).toMatchObject({ isToolEquipped: false });
    await grabThe(test, "Cube");
    expect(await test.raw.unary(equip, {})).toMatchObject({ isToolEquipped: false, objectNames: ["Cube"] });
    await grabThe(test, "Brush");
    expect(await test.raw.unary(equip, { hand: LEFT })).toMatchObject({ isToolEquipped: false });
    expect(await test.raw.unary(equip, {})).toMatchObject({ equippedToolName: "Brush", objectNames: ["Cube"] });
  });

  it("puts a new tool in the place of the old one, and lets nobody grab a tool off a hand", async () => {
    const pen = { ...brush, name: "Pen", position: { x: -1, y: 1, z: 0 } };
    await using test = await openMod({ scenario: room([brush, pen]) });
    await grabThe(test, "Brush");
    await test.raw.unary(equip, {});
    await test.clock.advance(20);
    await aimAt(test, objectNamed(test, "Brush").position);
    expect(await test.raw.unary(grab, { hand: LEFT })).toMatchObject({ grabbed: false });
    await grabThe(test, "Pen");
    expect(await test.raw.unary(equip, {})).toMatchObject({ equippedToolName: "Pen" });
    expect(objectNamed(test, "Brush").position.y).toBeCloseTo(0.3, 9);
  });
});

describe("every RPC of Grabber", () => {
  it.each([
    ["Grab", ({ raw }: OpenMod) => raw.unary(grab, {})],
    ["Release", ({ raw }: OpenMod) => raw.unary(release, {})],
    ["GetState", ({ raw }: OpenMod) => raw.unary(getState, {})],
    ["Use", ({ raw }: OpenMod) => raw.unary(use, {})],
    ["Unuse", ({ raw }: OpenMod) => raw.unary(unuse, {})],
    ["Equip", ({ raw }: OpenMod) => raw.unary(equip, {})],
    ["Dequip", ({ raw }: OpenMod) => raw.unary(dequip, {})],
  ])("says why it cannot work: %s", async (_, call) => {
    await using test = await openMod({ scenario: { openWorlds: [] } });
    expect(await statusOf(call(test))).toEqual({ code: "FAILED_PRECONDITION", details: "No world is focused." });
    test.mod.faults.set({ bootMs: 1000 });
    expect((await statusOf(call(test))).code).toBe("FAILED_PRECONDITION");
    test.mod.faults.set({ bootMs: 0, throwingBridges: ["grabber"] });
    expect(await statusOf(call(test))).toEqual({
      code: "INTERNAL",
      details: "Grabber bridge faulted: injected bridge fault",
    });
    test.mod.faults.set({ throwingBridges: [], absentBridges: ["grabber"] });
    expect(await statusOf(call(test))).toEqual({
      code: "UNAVAILABLE",
      details: "Grabber bridge is not configured.",
    });
  });
});
