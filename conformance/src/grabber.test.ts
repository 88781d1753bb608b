import { Code, type GrabberClient, InvalidOptionsError, Resonite } from "@resoio/core";
import { createVirtualClock, type ScenarioInput } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { type ConnectedMod, transports } from "./testing/transports.js";

/** The wire numbers of hands and buttons. */
const hands = { primary: 1, left: 2, right: 3 } as const;
const buttons = { primary: 1, secondary: 2 } as const;

/** A wall of a thing, which the cursor in the middle of the window cannot miss. */
const large = { x: 2, y: 3, z: 0.4 };

/** An empty room, and things to put into it. */
const scenario = {
  display: { width: 160, height: 90 },
  openWorlds: [{ name: "Hall" }],
  places: { Hall: { room: { width: 10, depth: 10, height: 4, floor: [90, 90, 90], walls: [160, 160, 160] } } },
  inventory: [
    { name: "Cube", object: { size: large } },
    { name: "Ball", object: { size: large } },
    { name: "Brush", object: { size: large, tool: true } },
  ],
} satisfies ScenarioInput;

/** Puts things in front of the user. */
async function spawn({ resonite }: ConnectedMod, ...names: readonly string[]): Promise<void> {
  for (const name of names) await resonite.inventory.spawn(`/Inventory/${name}`);
}

function pressesOf({ mod }: ConnectedMod) {
  const { journal } = mod.engine;
  return journal.changes("buttonPressed").map(({ hand, button, strength }) => ({ hand, button, strength }));
}

describe.each(transports)("grabber over $name", ({ open }) => {
  it("grabs what the cursor points at, with the hand and radius that were named", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    await spawn(test, "Cube");
    await clock.advance(1000);
    const { grabbed, state } = await test.resonite.grabber.grab({ hand: "left", radiusMetres: 0.25 });
    expect(grabbed).toBe(true);
    expect(state).toEqual({
      hand: "left",
      isHolding: true,
      objectNames: ["Cube"],
      unixNanos: clock.unixNanos(),
      isToolEquipped: false,
      equippedToolName: undefined,
      heldButtons: [],
    });
    expect(requestsOf(test.mod, "grabber.grab")).toMatchObject([{ hand: hands.left, radius: 0.25 }]);
  });

  it("asks for the primary hand and sends 0 for the radius by default", async () => {
    await using test = await open({ scenario });
    await spawn(test, "Cube");
    expect((await test.resonite.grabber.grab()).grabbed).toBe(true);
    expect(requestsOf(test.mod, "grabber.grab")).toMatchObject([{ hand: hands.primary, radius: 0 }]);
  });

  it.each(["left", "right"] as const)("is told which hand is primary: %s", async (primaryHand) => {
    await using test = await open({ scenario: { ...scenario, primaryHand } });
    await spawn(test, "Cube");
    const { grabber } = test.resonite;
    expect((await grabber.grab()).state.hand).toBe(primaryHand);
    expect((await grabber.getState({ hand: primaryHand })).objectNames).toEqual(["Cube"]);
  });

  it("takes nothing to grab for no failure", async () => {
    await using test = await open({ scenario });
    expect(await test.resonite.grabber.grab()).toMatchObject({
      grabbed: false,
      state: { isHolding: false, objectNames: [] },
    });
  });

  it("keeps what a hand holds when it grabs more, in the order of the grabs", async () => {
    await using test = await open({ scenario });
    const { grabber } = test.resonite;
    await spawn(test, "Cube");
    await grabber.grab();
    await spawn(test, "Ball");
    expect((await grabber.grab()).state.objectNames).toEqual(["Cube", "Ball"]);
    expect((await grabber.getState()).objectNames).toEqual(["Cube", "Ball"]);
  });

  it("drops everything that the hand holds, also when that is nothing, and nothing of the other hand", async () => {
    await using test = await open({ scenario });
    const { grabber } = test.resonite;
    await spawn(test, "Cube");
    await grabber.grab({ hand: "left" });
    expect((await grabber.release({ hand: "right" })).isHolding).toBe(false);
    expect((await grabber.getState({ hand: "left" })).isHolding).toBe(true);
    expect((await grabber.release({ hand: "left" })).objectNames).toEqual([]);
    expect((await grabber.release({ hand: "left" })).isHolding).toBe(false);
  });

  it("calls nothing but what was asked for", async () => {
    await using test = await open({ scenario });
    const { grabber } = test.resonite;
    await grabber.release();
    await grabber.getState();
    await grabber.use();
    await grabber.unuse();
    await grabber.equip();
    await grabber.dequip();
    expect(callsOf(test.mod)).toEqual([
      "grabber.release",
      "grabber.getState",
      "grabber.use",
      "grabber.unuse",
      "grabber.equip",
      "grabber.dequip",
    ]);
    for (const rpc of ["grabber.release", "grabber.getState", "grabber.equip", "grabber.dequip"] as const) {
      expect(requestsOf(test.mod, rpc)).toMatchObject([{ hand: hands.primary }]);
    }
  });

  it("cannot grab in VR, where there is no cursor, but can do everything else", async () => {
    await using test = await open({ scenario: { ...scenario, vr: true } });
    const { grabber } = test.resonite;
    expect(await statusOf(grabber.grab())).toMatch(/^FailedPrecondition: .*desktop/);
    expect((await grabber.use()).heldButtons).toEqual(["primary"]);
    expect((await grabber.unuse()).heldButtons).toEqual([]);
    expect((await grabber.release()).isHolding).toBe(false);
  });

  it.each<[string, (grabber: GrabberClient) => Promise<unknown>]>([
    ["grab", (grabber) => grabber.grab()],
    ["release", (grabber) => grabber.release()],
    ["getState", (grabber) => grabber.getState()],
    ["use", (grabber) => grabber.use()],
    ["unuse", (grabber) => grabber.unuse()],
    ["equip", (grabber) => grabber.equip()],
    ["dequip", (grabber) => grabber.dequip()],
  ])("cannot %s without a focused world", async (_, call) => {
    await using test = await open({ scenario: { ...scenario, openWorlds: [] } });
    expect(await codeOf(call(test.resonite.grabber))).toBe(Code.FailedPrecondition);
  });

  it("presses the primary button all the way by default", async () => {
    await using test = await open({ scenario });
    expect((await test.resonite.grabber.use()).heldButtons).toEqual(["primary"]);
    expect(requestsOf(test.mod, "grabber.use")).toMatchObject([{ hand: hands.primary, button: buttons.primary }]);
    expect(pressesOf(test)).toEqual([{ hand: "right", button: "primary", strength: 1 }]);
  });

  it("tells a strength of 0 from none, and sends it as a 32-bit float", async () => {
    await using test = await open({ scenario });
    const { grabber } = test.resonite;
    await grabber.use({ strength: 0 });
    await grabber.use({ strength: 0.3 });
    expect(pressesOf(test).map(({ strength }) => strength)).toEqual([0, Math.fround(0.3)]);
  });

  it("has a secondary button that is pressed or not, however hard", async () => {
    await using test = await open({ scenario });
    const { grabber } = test.resonite;
    await grabber.use({ button: "secondary", strength: 0.25 });
    expect(pressesOf(test)).toEqual([{ hand: "right", button: "secondary", strength: 1 }]);
    expect(requestsOf(test.mod, "grabber.use")).toMatchObject([{ button: buttons.secondary }]);
  });

  it("keeps buttons pressed, after the call and the connection, until they are let go", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { grabber } = test.resonite;
    const other = new Resonite(test.mod.transport());
    await other.grabber.use({ hand: "left" });
    await other.grabber.use({ hand: "left", button: "secondary" });
    await other.close();
    await clock.advance(60_000);
    expect((await grabber.getState({ hand: "left" })).heldButtons).toEqual(["primary", "secondary"]);
    expect((await grabber.unuse({ hand: "left" })).heldButtons).toEqual(["secondary"]);
    expect((await grabber.getState({ hand: "right" })).heldButtons).toEqual([]);
  });

  it("lets go of a button that is not pressed, too", async () => {
    await using test = await open({ scenario });
    expect((await test.resonite.grabber.unuse({ button: "secondary" })).heldButtons).toEqual([]);
    expect(test.mod.engine.journal.changes("buttonLetGo")).toEqual([]);
  });

  it("clicks by pressing and letting go", async () => {
    await using test = await open({ scenario });
    expect((await test.resonite.grabber.click({ hand: "left", strength: 0.5 })).heldButtons).toEqual([]);
    expect(callsOf(test.mod)).toEqual(["grabber.use", "grabber.unuse"]);
    expect(pressesOf(test)).toEqual([{ hand: "left", button: "primary", strength: 0.5 }]);
    expect(test.mod.engine.journal.changes("buttonLetGo")).toMatchObject([{ hand: "left", button: "primary" }]);
  });

  it("lets go of the button also when a click fails after it reached the mod", async () => {
    await using test = await open({ scenario, faults: { cuts: [{ rpc: "grabber.use", afterMessages: 1 }] } });
    expect(await codeOf(test.resonite.grabber.click())).toBe(Code.Unavailable);
    expect(pressesOf(test)).toHaveLength(1);
    expect((await test.resonite.grabber.getState()).heldButtons).toEqual([]);
  });

  it("lets go of the button once more when that failed the first time", async () => {
    await using test = await open({
      scenario,
      faults: { errors: [{ rpc: "grabber.unuse", call: 1, code: "internal", message: "slipped" }] },
    });
    expect(await statusOf(test.resonite.grabber.click())).toBe("Internal: slipped");
    expect(callsOf(test.mod)).toEqual(["grabber.use", "grabber.unuse", "grabber.unuse"]);
    expect((await test.resonite.grabber.getState()).heldButtons).toEqual([]);
  });

  it("equips the tool that the hand holds and takes it off again", async () => {
    await using test = await open({ scenario });
    const { grabber } = test.resonite;
    await spawn(test, "Brush");
    await grabber.grab();
    expect(await grabber.equip()).toMatchObject({ isToolEquipped: true, equippedToolName: "Brush", objectNames: [] });
    expect(await grabber.getState({ hand: "left" })).toMatchObject({ isToolEquipped: false });
    expect(await grabber.dequip()).toMatchObject({ isToolEquipped: false, equippedToolName: undefined });
  });

  it("equips nothing that is no tool, and takes nothing off where there is none", async () => {
    await using test = await open({ scenario });
    const { grabber } = test.resonite;
    await spawn(test, "Cube");
    await grabber.grab();
    expect(await grabber.equip()).toMatchObject({ isToolEquipped: false, objectNames: ["Cube"] });
    expect(await grabber.dequip()).toMatchObject({ isToolEquipped: false, objectNames: ["Cube"] });
  });

  it("lets Unimplemented through for what a mod before 0.6.0 does not have", async () => {
    const unimplemented = ["grabber.use", "grabber.unuse", "grabber.equip", "grabber.dequip"] as const;
    await using test = await open({ scenario, faults: { unimplemented: [...unimplemented] } });
    const { grabber } = test.resonite;
    const calls = [grabber.use(), grabber.unuse(), grabber.click(), grabber.equip(), grabber.dequip()];
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => Code.Unimplemented));
    expect(await codeOf(grabber.getState())).toBeUndefined();
  });

  it("refuses a radius or strength that makes no sense, without a call", async () => {
    await using test = await open({ scenario });
    const { grabber } = test.resonite;
    for (const radiusMetres of [-1, Number.NaN, Infinity]) {
      await expect(grabber.grab({ radiusMetres })).rejects.toBeInstanceOf(InvalidOptionsError);
    }
    for (const strength of [-0.1, 1.5, Number.NaN]) {
      await expect(grabber.use({ strength })).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(grabber.click({ strength })).rejects.toBeInstanceOf(InvalidOptionsError);
    }
    expect(callsOf(test.mod)).toEqual([]);
  });
});
