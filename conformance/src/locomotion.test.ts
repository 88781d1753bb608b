import { Code, type Drive, DriveEndedError, InvalidOptionsError, Resonite } from "@resoio/core";
import { createVirtualClock, type Engine } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { openCallsOf } from "./testing/open-calls-of.js";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { settleUntil } from "./testing/settle-until.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";
import { whileTimePasses } from "./testing/while-time-passes.js";
import { withGrowingTime } from "./testing/with-growing-time.js";

const tickMs = 17;
const scenario = { display: { width: 16, height: 16 }, worldLoadMs: 0 };
const neutral = {
  moveForward: 0,
  moveRight: 0,
  moveUp: 0,
  yawRate: 0,
  pitchRate: 0,
  velocity: 1,
  crouch: 0,
  isJumpPending: false,
};

function endsOf(engine: Engine): readonly string[] {
  return engine.journal.changes("driveEnded").map(({ reason }) => reason);
}

function commandsOf(engine: Engine) {
  return engine.journal.changes("locomotionCommanded").map(({ command }) => command);
}

/** Sends a command and waits until the mod has taken it over. */
async function drivesForward(drive: Drive, engine: Engine, moveForward = 1): Promise<void> {
  drive.send({ moveForward });
  await engine.until(({ state }) => state.locomotion.moveForward === moveForward);
}

describe.each(transports)("locomotion over $name", (transport) => {
  const { open } = transport;

  it("sends of a command only the fields that it has, stamped with the program's time", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const { engine } = test.mod;
    const drive = test.resonite.locomotion.drive();
    await drivesForward(drive, engine);
    drive.send({ yawRate: 0.5 });
    await drive.finish();
    const unixNanos = expect.any(BigInt);
    expect(commandsOf(engine)).toEqual([
      { moveForward: 1, unixNanos },
      { yawRate: 0.5, unixNanos },
    ]);
    expect(engine.state.locomotion).toMatchObject({ ...neutral, moveForward: 1, yawRate: 0.5 });
    // The stamp is the program's clock, not that of the mod, which stands still in January 2026.
    const [first] = commandsOf(engine);
    expect(first?.unixNanos).toBeGreaterThan(BigInt(Date.now() - 60_000) * 1_000_000n);
  });

  it("tells all eight fields apart", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const command = {
      moveForward: 0.25,
      moveRight: 0.5,
      moveUp: 0.75,
      yawRate: -10,
      pitchRate: 20,
      jump: true,
      velocity: 1.5,
      crouch: 0.125,
    };
    const drive = test.resonite.locomotion.drive();
    drive.send(command);
    await drive.finish();
    expect(commandsOf(test.mod.engine)).toEqual([{ ...command, unixNanos: expect.any(BigInt) }]);
  });

  it("takes 0 and false for values", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const drive = test.resonite.locomotion.drive();
    drive.send({ velocity: 0, jump: false });
    await drive.finish();
    expect(commandsOf(test.mod.engine)).toMatchObject([{ velocity: 0, jump: false }]);
    expect(test.mod.engine.state.locomotion).toMatchObject({ velocity: 0, isJumpPending: false });
  });

  it("sends numbers as 32-bit floats", async () => {
    await using test = await open({ scenario });
    const drive = test.resonite.locomotion.drive();
    drive.send({ yawRate: 0.1 });
    await drive.finish();
    expect(test.mod.engine.state.locomotion.yawRate).toBe(Math.fround(0.1));
  });

  it("returns a summary with the mod's clock, and the avatar moves on after that", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const drive = test.resonite.locomotion.drive();
    await drivesForward(drive, engine, 0.5);
    await drivesForward(drive, engine, 0.25);
    expect(await drive.finish()).toEqual({ receivedCount: 2n, droppedCount: 0n, unixNanos: clock.unixNanos() });
    expect(endsOf(engine)).toEqual(["graceful"]);

    const before = engine.state.avatar.position.z;
    await clock.advance(1000);
    expect(engine.state.avatar.position.z).toBeCloseTo(before + 1, 1);
    expect(engine.state.locomotion.moveForward).toBe(0.25);
  });

  it("counts a command without any field", async () => {
    await using test = await open({ scenario });
    const drive = test.resonite.locomotion.drive();
    drive.send({});
    expect((await drive.finish())?.receivedCount).toBe(1n);
  });

  it("calls nothing until the first command, and nothing at all without one", async () => {
    await using test = await open({ scenario });
    const drive = test.resonite.locomotion.drive();
    expect(await drive.finish()).toBeUndefined();
    await test.resonite.connection.ping();
    expect(callsOf(test.mod)).toEqual(["connection.ping"]);
  });

  it("loses no value and no jump of a burst, even where it sends fewer commands", async () => {
    await using test = await open({ scenario, clock: createVirtualClock() });
    const drive = test.resonite.locomotion.drive();
    drive.send({ jump: true, moveRight: 0.5 });
    for (let step = 1; step <= 1000; step++) drive.send({ moveForward: step / 1024, jump: false });
    const summary = await drive.finish();
    expect(summary?.receivedCount).toBeGreaterThan(0n);
    expect(summary?.receivedCount).toBeLessThanOrEqual(1001n);
    expect(test.mod.engine.state.locomotion).toMatchObject({
      moveForward: 1000 / 1024,
      moveRight: 0.5,
      isJumpPending: true,
    });
  });

  it("jumps once for each pulse", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const drive = test.resonite.locomotion.drive();
    drive.send({ jump: true });
    await engine.until(({ state }) => state.locomotion.isJumpPending);
    await clock.advance(200);
    expect(engine.state.avatar.position.y).toBeGreaterThan(0);
    await clock.advance(5000);
    expect(engine.state.avatar.position.y).toBe(0);
    await drive.finish();
  });

  it("stops the avatar when it is aborted", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const drive = test.resonite.locomotion.drive();
    await drivesForward(drive, engine);
    drive.abort();
    expect(await codeOf(drive.summary)).toBe(Code.Canceled);
    await engine.until(() => endsOf(engine).length === 1);
    expect(endsOf(engine)).toEqual(["cancelled"]);
    await clock.advance(tickMs);
    expect(engine.state.locomotion).toMatchObject(neutral);
  });

  it("stops the avatar when the caller's signal is aborted", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const aborting = new AbortController();
    const drive = test.resonite.locomotion.drive({ signal: aborting.signal });
    await drivesForward(drive, engine);
    aborting.abort();
    expect(await codeOf(drive.summary)).toBe(Code.Canceled);
    await engine.until(() => endsOf(engine).length === 1);
    await clock.advance(tickMs);
    expect(engine.state.locomotion).toMatchObject(neutral);
  });

  it("calls nothing when the caller's signal was aborted before", async () => {
    await using test = await open({ scenario });
    const drive = test.resonite.locomotion.drive({ signal: AbortSignal.abort() });
    expect(() => drive.send({ moveForward: 1 })).toThrow(DriveEndedError);
    await test.resonite.connection.ping();
    expect(callsOf(test.mod)).toEqual(["connection.ping"]);
  });

  it("stops the avatar at its deadline", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    await withGrowingTime(100, async (timeoutMs) => {
      const drive = test.resonite.locomotion.drive({ timeoutMs });
      let isOver = false;
      const failure = codeOf(drive.summary).finally(() => {
        isOver = true;
      });
      drive.send({ moveForward: 1 });
      await settleUntil(clock, () => isOver || engine.state.locomotion.moveForward === 1);
      const wasDriven = !isOver;
      expect(await failure).toBe(Code.DeadlineExceeded);
      return wasDriven;
    });
    await settleUntil(clock, () => openCallsOf(test.mod) === 0 && endsOf(engine).length > 0);
    expect(new Set(endsOf(engine))).toEqual(new Set(["cancelled"]));
    await clock.advance(tickMs);
    expect(engine.state.locomotion).toMatchObject(neutral);
  });

  it("stops the avatar when the connection goes", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const drive = test.resonite.locomotion.drive();
    await drivesForward(drive, engine);
    await test.resonite.close();
    expect(await codeOf(drive.summary)).toBe(Code.Canceled);
    await engine.until(() => endsOf(engine).length === 1);
    expect(endsOf(engine)).toEqual(["cancelled"]);
    await clock.advance(tickMs);
    expect(engine.state.locomotion).toMatchObject(neutral);
  });

  it("lets the avatar move on when a block is left, also by an exception", async () => {
    await using test = await open({ scenario });
    const { engine } = test.mod;
    const fail = async (): Promise<void> => {
      await using drive = test.resonite.locomotion.drive();
      drive.send({ moveForward: 1 });
      throw new Error("enough");
    };
    await expect(fail()).rejects.toThrow("enough");
    expect(endsOf(engine)).toEqual(["graceful"]);
    expect(engine.state.locomotion.moveForward).toBe(1);
  });

  it("stops the avatar when a block is left, if that was asked for", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    {
      await using drive = test.resonite.locomotion.drive({ stopOnDispose: true });
      drive.send({ moveForward: 1 });
    }
    expect(callsOf(test.mod)).toEqual(["locomotion.drive", "locomotion.reset"]);
    await clock.advance(tickMs);
    expect(engine.state.locomotion).toMatchObject(neutral);
  });

  it("tells the avatar to stand still when the program falls silent, and goes on with the next command", async () => {
    await using test = await open({ scenario });
    const { engine } = test.mod;
    await withGrowingTime(20, async (deadManMs) => {
      const [commandsBefore, endsBefore] = [commandsOf(engine).length, endsOf(engine).length];
      await using drive = test.resonite.locomotion.drive({ deadManMs });
      drive.send({ moveForward: 1, velocity: 2, crouch: 1 });
      await engine.until(() => commandsOf(engine).length > commandsBefore);
      const [first] = commandsOf(engine).slice(commandsBefore);
      // A command that waits to be sent for longer than that goes as one with what follows it.
      if (first?.moveForward !== 1) return false;
      await engine.until(() => commandsOf(engine).length === commandsBefore + 2);
      expect(engine.state.locomotion).toMatchObject(neutral);
      expect(endsOf(engine)).toHaveLength(endsBefore);
      drive.send({ moveForward: 0.5 });
      await engine.until(() => commandsOf(engine).some(({ moveForward }) => moveForward === 0.5));
      return true;
    });
  });

  it("has one state for all drives, which the last one changes field by field", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const other = new Resonite(test.mod.transport());
    const [first, second] = [test.resonite.locomotion.drive(), other.locomotion.drive()];
    first.send({ moveForward: 1, yawRate: 5 });
    await engine.until(({ state }) => state.locomotion.yawRate === 5);
    second.send({ moveForward: -1 });
    await engine.until(({ state }) => state.locomotion.moveForward === -1);
    expect(engine.state.locomotion.yawRate).toBe(5);

    second.abort();
    await engine.until(() => endsOf(engine).length === 1);
    await clock.advance(tickMs);
    expect(engine.state.locomotion).toMatchObject(neutral);
    expect((await first.finish())?.receivedCount).toBe(1n);
    expect(endsOf(engine)).toEqual(["cancelled", "graceful"]);
  });

  it("keeps commands that come while no world is focused for later", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario: { ...scenario, openWorlds: [] }, clock });
    const { engine } = test.mod;
    const drive = test.resonite.locomotion.drive();
    drive.send({ yawRate: 90 });
    await drive.finish();
    await whileTimePasses(clock, test.resonite.world.join({ sessionId: "S-gallery" }));
    await clock.advance(500);
    expect(engine.state.avatar.yawDegrees).toBeGreaterThan(20);
  });

  it("reports a failure at the next command and then lets its block be left in peace", async () => {
    const errors = [{ rpc: "locomotion.drive" as const, call: 1, code: "failed_precondition" as const, message: "no" }];
    await using test = await open({ scenario, faults: { errors } });
    await using drive = test.resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    expect(await statusOf(drive.summary)).toBe("FailedPrecondition: no");
    expect(() => drive.send({ moveForward: 1 })).toThrow("no");
  });

  it("reports a failure that nobody has seen when its block is left", async () => {
    const errors = [{ rpc: "locomotion.drive" as const, call: 1, code: "failed_precondition" as const, message: "no" }];
    await using test = await open({ scenario, faults: { errors } });
    const run = async (): Promise<void> => {
      await using drive = test.resonite.locomotion.drive();
      drive.send({ moveForward: 1 });
    };
    expect(await statusOf(run())).toBe("FailedPrecondition: no");
  });

  it("reports that the mod went away in the middle of a drive", async () => {
    await using test = await open({ scenario });
    const { engine } = test.mod;
    const drive = test.resonite.locomotion.drive();
    await drivesForward(drive, engine);
    await test.mod.close();
    expect(await codeOf(drive.summary)).toBe(Code.Unavailable);
    expect(() => drive.send({ moveForward: 1 })).toThrow(expect.objectContaining({ code: Code.Unavailable }));
  });

  it("sends nothing for a number that is not finite", async () => {
    await using test = await open({ scenario });
    const drive = test.resonite.locomotion.drive();
    for (const moveForward of [Number.NaN, Infinity, 1e39]) {
      expect(() => drive.send({ moveForward })).toThrow(InvalidOptionsError);
    }
    await drive.finish();
    expect(() => drive.send({ moveForward: 1 })).toThrow(DriveEndedError);
    await test.resonite.connection.ping();
    expect(callsOf(test.mod)).toEqual(["connection.ping"]);
  });

  it("resets everything when nothing is chosen, and sends that as it is", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const all = { move: true, look: true, crouch: true, jump: true };
    expect(await test.resonite.locomotion.reset()).toEqual({ ...all, unixNanos: clock.unixNanos() });
    expect(requestsOf(test.mod, "locomotion.reset")).toMatchObject([
      { move: false, look: false, crouch: false, jump: false },
    ]);
    expect(test.mod.engine.journal.changes("locomotionReset")).toMatchObject([all]);
  });

  it.each([
    ["move", { moveForward: 0, moveRight: 0, moveUp: 0, velocity: 1 }],
    ["look", { yawRate: 0, pitchRate: 0 }],
    ["crouch", { crouch: 0 }],
    ["jump", { isJumpPending: false }],
  ] as const)("resets only the part '%s' when that is chosen", async (part, changes) => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const values = {
      moveForward: 0.25,
      moveRight: 0.5,
      moveUp: 0.75,
      yawRate: 10,
      pitchRate: 20,
      velocity: 1.5,
      crouch: 0.5,
    };
    const drive = test.resonite.locomotion.drive();
    drive.send(values);
    await drive.finish();
    const chosen = { move: false, look: false, crouch: false, jump: false, [part]: true };
    expect(await test.resonite.locomotion.reset({ [part]: true })).toMatchObject(chosen);
    await clock.advance(tickMs);
    expect(engine.state.locomotion).toMatchObject({ ...values, ...changes });
  });

  it("takes a jump back that was not made yet", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const drive = test.resonite.locomotion.drive();
    drive.send({ jump: true });
    await drive.finish();
    await test.resonite.locomotion.reset({ jump: true });
    await clock.advance(100);
    expect(test.mod.engine.state.avatar.position.y).toBe(0);
  });

  it("does not disturb a drive that is open by a reset, and wipes the commands before the next tick", async () => {
    const clock = createVirtualClock();
    await using test = await open({ scenario, clock });
    const { engine } = test.mod;
    const drive = test.resonite.locomotion.drive();
    await drivesForward(drive, engine);
    await test.resonite.locomotion.reset({ move: true });
    await drivesForward(drive, engine, 0.5);
    await clock.advance(tickMs);
    expect(engine.state.locomotion.moveForward).toBe(0);
    await drivesForward(drive, engine, 0.75);
    await clock.advance(tickMs);
    expect(engine.state.locomotion.moveForward).toBe(0.75);
    expect((await drive.finish())?.receivedCount).toBe(3n);
  });
});
