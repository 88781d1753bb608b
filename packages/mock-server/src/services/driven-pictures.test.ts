import { services } from "@resoio/core";
import type { CameraFrame } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { aimAt } from "../testing/aim-at.js";
import { difference, shot } from "../testing/frame-reader.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { setCursor } from "../testing/set-cursor.js";

const display = { width: 320, height: 180 };

/** A driver over the socket who sees nothing but the camera's pictures. */
class Driver {
  readonly #test: OpenMod;
  readonly #call: ReturnType<typeof openDrive>;
  #sent = 0n;

  constructor(test: OpenMod) {
    this.#test = test;
    this.#call = openDrive(test);
  }

  /** Drives with a command for a time that is a whole number of ticks, and then stands still. */
  async drive(command: Parameters<ReturnType<typeof openDrive>["send"]>[0], ms: number): Promise<void> {
    await this.#send(command);
    await this.#test.clock.advance(ms);
    await this.#send({ moveForward: 0, moveRight: 0, yawRate: 0, pitchRate: 0 });
  }

  look(): Promise<CameraFrame> {
    return shot(this.#test);
  }

  /** Resolves when the command has arrived, which its time tells. */
  async #send(command: Parameters<ReturnType<typeof openDrive>["send"]>[0]): Promise<void> {
    const unixNanos = ++this.#sent;
    this.#call.send({ ...command, unixNanos });
    // Lets I/O proceed while time stands still: a command that changes nothing wakes nobody up.
    while (this.#test.engine.state.locomotion.unixNanos !== unixNanos) await this.#test.clock.advance(0);
  }
}

function openDrive(test: OpenMod) {
  return test.raw.clientStream(services.locomotion.method.drive);
}

async function open(scenario = {}): Promise<OpenMod> {
  const test = await openMod({ scenario: { display, ...scenario } });
  // Ticks lie between the ends of the times that pass below, so that each of them has the same number of ticks.
  await test.clock.advance(8);
  return test;
}

describe("what the camera shows", () => {
  it("is the same after a walk around a square, and different in between", async () => {
    await using test = await open();
    const driver = new Driver(test);
    const pictures = [await driver.look()];
    for (let side = 0; side < 4; side++) {
      await driver.drive({ moveForward: 0.75 }, 1000);
      pictures.push(await driver.look());
      await driver.drive({ yawRate: 90 }, 1000);
      pictures.push(await driver.look());
    }
    const [first, ...others] = pictures;
    const last = others.pop();
    if (first === undefined || last === undefined) throw new Error("there are no pictures");
    expect(difference(first, last)).toBeLessThan(0.01);
    for (const other of others) expect(difference(first, other)).toBeGreaterThan(3);
    for (const [index, other] of others.entries()) {
      for (const later of others.slice(index + 1)) expect(difference(other, later)).toBeGreaterThan(3);
    }
  });

  it("changes on the way forward, and is as before after the way back", async () => {
    await using test = await open();
    const driver = new Driver(test);
    const before = await driver.look();
    await driver.drive({ moveForward: 1 }, 500);
    const ahead = await driver.look();
    expect(difference(before, ahead)).toBeGreaterThan(3);
    await driver.drive({ moveForward: -1 }, 500);
    expect(difference(before, await driver.look())).toBeLessThan(0.01);
  });

  it("does not change while nobody drives", async () => {
    await using test = await open();
    const driver = new Driver(test);
    const before = await driver.look();
    await driver.drive({}, 1000);
    expect(difference(before, await driver.look())).toBe(0);
  });

  it("comes back after a turn to either side, and after a look up and down", async () => {
    await using test = await open();
    const driver = new Driver(test);
    const ahead = await driver.look();
    await driver.drive({ yawRate: 45 }, 1000);
    const right = await driver.look();
    await driver.drive({ yawRate: -90 }, 1000);
    const left = await driver.look();
    await driver.drive({ yawRate: 45, pitchRate: 30 }, 1000);
    const up = await driver.look();
    await driver.drive({ pitchRate: -60 }, 1000);
    const down = await driver.look();
    await driver.drive({ pitchRate: 30 }, 1000);
    expect(difference(ahead, await driver.look())).toBeLessThan(0.01);
    for (const other of [right, left, up, down]) expect(difference(ahead, other)).toBeGreaterThan(3);
    expect(difference(left, right)).toBeGreaterThan(3);
    expect(difference(up, down)).toBeGreaterThan(3);
  });

  it("comes back after a jump", async () => {
    await using test = await open();
    const driver = new Driver(test);
    const standing = await driver.look();
    await driver.drive({ jump: true }, 450);
    expect(difference(standing, await driver.look())).toBeGreaterThan(3);
    await driver.drive({}, 1000);
    expect(difference(standing, await driver.look())).toBe(0);
  });
});

describe("a red cube in a grey room", () => {
  const grey = [100, 100, 100] as const;
  const cube = { name: "", position: { x: 0, y: 1.6, z: -2 }, size: { x: 0.6, y: 0.6, z: 0.6 }, colour: [230, 20, 20] };
  const scenario = {
    openWorlds: [{ name: "Home" }],
    places: { Home: { room: { width: 10, depth: 12, height: 3.5, floor: grey, walls: grey }, objects: [cube] } },
  };
  let test: OpenMod;
  let driver: Driver;

  beforeEach(async () => {
    const opened = await open(scenario);
    test = opened;
    driver = new Driver(opened);
    return () => opened[Symbol.asyncDispose]();
  });

  it("moves up in the picture when the user crouches, and back", async () => {
    await setCursor(test, 0.05, 0.05);
    const standing = redIn(await driver.look());
    await driver.drive({ crouch: 1 }, 500);
    const crouching = redIn(await driver.look());
    expect(crouching.y).toBeLessThan(standing.y - 20);
    await driver.drive({ crouch: 0 }, 500);
    expect(redIn(await driver.look())).toEqual(standing);
  });

  it("lights up under the cursor", async () => {
    await setCursor(test, 0.05, 0.05);
    await driver.drive({}, 500);
    expect(outlineIn(await driver.look())).toBe(0);
    await setCursor(test, 0.5, 0.5);
    await driver.drive({}, 500);
    expect(outlineIn(await driver.look())).toBeGreaterThan(50);
  });

  it("lies under a cursor that is drawn otherwise while it is held", async () => {
    await driver.drive({}, 500);
    const free = await driver.look();
    await setCursor(test, 0.5, 0.5);
    await driver.drive({}, 500);
    const held = await driver.look();
    expect(difference(free, held)).toBeGreaterThan(0);
    await test.raw.unary(services.cursor.method.release, {});
    await driver.drive({}, 500);
    expect(difference(free, await driver.look())).toBe(0);
  });

  it("follows the hand that grabbed it at the cursor, and stays where it is released", async () => {
    await aimAt(test, { x: 0, y: 1.6, z: -2 });
    expect(await test.raw.unary(services.grabber.method.grab, { hand: 3 })).toMatchObject({ grabbed: true });
    await setCursor(test, 0.05, 0.05);
    const grabbed = redIn(await driver.look());
    expect(grabbed.x).toBeCloseTo(160, -1);

    await driver.drive({}, 1500);
    const carried = redIn(await driver.look());
    expect(carried.count).toBeGreaterThan(grabbed.count * 2);
    expect(carried.x).toBeGreaterThan(200);
    expect(carried.y).toBeGreaterThan(grabbed.y);

    await driver.drive({ yawRate: 90 }, 1000);
    await driver.drive({ moveForward: 0.5 }, 1000);
    const elsewhere = redIn(await driver.look());
    expect(elsewhere.x).toBeCloseTo(carried.x, -1);
    expect(elsewhere.y).toBeCloseTo(carried.y, -1);

    await test.raw.unary(services.grabber.method.release, { hand: 3 });
    await driver.drive({ moveForward: -0.5 }, 1000);
    const dropped = redIn(await driver.look());
    expect(dropped.count).toBeLessThan(elsewhere.count);
    expect(dropped.count).toBeGreaterThan(0);
    await driver.drive({ yawRate: 90 }, 2000);
    expect(redIn(await driver.look()).count).toBe(0);
    await driver.drive({ yawRate: 90 }, 2000);
    expect(redIn(await driver.look())).toEqual(dropped);
  });
});

/** How many red pixels there are, and the middle of them. */
function redIn({ width, pixels }: CameraFrame): { readonly count: number; readonly x: number; readonly y: number } {
  let [count, x, y] = [0, 0, 0];
  for (let index = 0; index * 4 < pixels.length; index++) {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(index * 4, index * 4 + 3);
    if (red < 40 || red < green * 4 || red < blue * 4) continue;
    count++;
    x += index % width;
    y += Math.floor(index / width);
  }
  return { count, x: x / count, y: y / count };
}

/** How many pixels have the yellow of the outline of a thing that is lit up. */
function outlineIn({ pixels }: CameraFrame): number {
  let count = 0;
  for (let index = 0; index < pixels.length; index += 4) {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(index, index + 3);
    if (red > 200 && green > 180 && blue < 160) count++;
  }
  return count;
}
