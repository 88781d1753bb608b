import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TestClock } from "../../testing/test-clock.js";
import { Heartbeat } from "./heartbeat.js";

describe("Heartbeat", () => {
  it("does not blame a client whose answer is there but was not read, because the process stood still", async () => {
    const { clock, heartbeat, events } = start();

    clock.advance(25_000);
    heartbeat.heard();
    await setImmediate();
    expect(events).toEqual(["ping"]);
    clock.advance(19_999);
    await setImmediate();
    expect(events).not.toContain("missed");
    clock.advance(1);
    await setImmediate();

    expect(events.at(-1)).toBe("missed");
  });

  it("does not stop a driver either whose answer is there but was not read", async () => {
    const { clock, heartbeat, events } = start();
    heartbeat.setDriving(true);

    clock.advance(5_000);
    heartbeat.heard();
    await setImmediate();
    clock.advance(899);
    await setImmediate();
    expect(events).not.toContain("driving missed");
    clock.advance(1);
    await setImmediate();

    expect(events.at(-1)).toBe("driving missed");
    clock.advance(1_000);
    await setImmediate();
    expect(events.filter((event) => event === "driving missed")).toHaveLength(1);
  });

  it("says nothing after it was stopped, not even what it was about to say", async () => {
    const { clock, heartbeat, events } = start();
    clock.advance(20_000);

    heartbeat.stop();
    heartbeat.setDriving(true);
    await setImmediate();
    clock.advance(100_000);
    await setImmediate();

    expect(events).toEqual(["ping"]);
    expect(clock.taskCount).toBe(0);
  });
});

function start() {
  const clock = new TestClock();
  const events: string[] = [];
  const heartbeat = new Heartbeat({
    clock,
    intervalMs: 10_000,
    timeoutMs: 10_000,
    drivingIntervalMs: 400,
    drivingSilenceMs: 900,
    ping: () => events.push("ping"),
    onMissed: () => events.push("missed"),
    onDrivingMissed: () => events.push("driving missed"),
  });
  return { clock, heartbeat, events };
}
