import { createVirtualClock, type Engine, startMockServer } from "@resoio/mock-server";
import { expect, it } from "vitest";
import { startDriverProcess } from "./testing/driver-process.js";

const rounds = 50;
const tickMs = 1000 / 60;

const isDriven = ({ state }: Engine): boolean => state.locomotion.moveForward === 1;

it("the avatar stops each of the 50 times that the program is killed which drives it", {
  timeout: 120_000,
}, async () => {
  const clock = createVirtualClock();
  await using mod = await startMockServer({ clock });
  const { engine } = mod;
  const whereabouts = () => structuredClone(engine.state.avatar);
  // The next one starts while this one dies.
  let next = startDriverProcess(mod.socketPath);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(async () => await (await next).kill());

  for (let round = 1; round <= rounds; round++) {
    await using driver = await next;
    next = startDriverProcess(mod.socketPath);
    const before = whereabouts();
    driver.drive();
    await engine.until(isDriven);
    await clock.advance(100);
    expect(whereabouts().yawDegrees).not.toBe(before.yawDegrees);

    await driver.kill();
    await engine.until(() => engine.journal.changes("driveEnded").length === round);
    await clock.advance(tickMs);
    expect(engine.state.locomotion).toMatchObject({ moveForward: 0, yawRate: 0 });
    const stopped = whereabouts();
    await clock.advance(1000);
    expect(whereabouts()).toEqual(stopped);
  }

  const reasons = engine.journal.changes("driveEnded").map(({ reason }) => reason);
  expect(reasons).toEqual(Array.from({ length: rounds }, () => "cancelled"));
  expect(mod.openCalls).toBe(0);
});

it("the avatar keeps moving when the program ends that has finished its drive", async () => {
  const clock = createVirtualClock();
  await using mod = await startMockServer({ clock });
  const { engine } = mod;
  await using driver = await startDriverProcess(mod.socketPath);
  driver.drive();
  await engine.until(isDriven);
  expect(await driver.finish()).toBe(0);
  await engine.until(() => engine.journal.changes("driveEnded").length === 1);
  const { yawDegrees } = engine.state.avatar;
  await clock.advance(1000);
  expect(engine.journal.changes("driveEnded")).toMatchObject([{ reason: "graceful" }]);
  expect(engine.state.locomotion).toMatchObject({ moveForward: 1, yawRate: 90 });
  expect(engine.state.avatar.yawDegrees).toBeCloseTo(yawDegrees + 90);
});
