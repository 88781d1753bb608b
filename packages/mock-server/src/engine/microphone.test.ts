import { describe, expect, it } from "vitest";
import { parseScenario } from "../scenarios/parse-scenario.js";
import { createVirtualClock } from "./clock.js";
import { Engine } from "./engine.js";

function openMicrophone(): Engine {
  return new Engine({ scenario: parseScenario({ openWorlds: [{ name: "Home" }] }), clock: createVirtualClock() });
}

/** Samples that count up from `first`; as 32-bit floats they stay exact far beyond the ring. */
function count(first: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => first + index);
}

function drainAll({ microphone }: Engine): readonly number[] {
  const all: number[] = [];
  for (let piece = microphone.drain(); piece.length > 0; piece = microphone.drain()) all.push(...piece);
  return all;
}

describe("the microphone's ring", () => {
  it("gives back in order what was put in, at most 480 samples at a time", () => {
    const engine = openMicrophone();
    engine.microphone.append(count(0, 300));
    engine.microphone.append(count(300, 300));
    expect([...engine.microphone.drain()]).toEqual([...count(0, 480)]);
    expect([...engine.microphone.drain()]).toEqual([...count(480, 120)]);
    expect(engine.microphone.drain()).toHaveLength(0);
  });

  it("loses the oldest samples when it overflows, and counts them", () => {
    const engine = openMicrophone();
    engine.microphone.append(count(0, 90_000));
    engine.microphone.append(count(90_000, 10_000));
    expect(engine.state.microphone).toMatchObject({ length: 96_000, droppedSamples: 4000 });
    expect(drainAll(engine)).toEqual([...count(4000, 96_000)]);
  });

  it.each([
    { length: 96_000, dropped: 1000 },
    { length: 100_000, dropped: 5000 },
  ])("keeps only the last 96000 of $length samples at once", ({ length, dropped }) => {
    const engine = openMicrophone();
    engine.microphone.append(count(-1000, 1000));
    engine.microphone.append(count(0, length));
    expect(engine.state.microphone.droppedSamples).toBe(dropped);
    expect(drainAll(engine)).toEqual([...count(length - 96_000, 96_000)]);
  });

  it("stays in order around its end, again and again", () => {
    const engine = openMicrophone();
    let [next, expected] = [0, 0];
    for (let round = 0; round < 400; round++) {
      engine.microphone.append(count(next, 997));
      next += 997;
      for (const sample of [...engine.microphone.drain(), ...engine.microphone.drain()]) {
        expect(sample).toBe(expected++);
      }
    }
    expect(next).toBeGreaterThan(3 * 96_000);
  });

  it("is not drained while no world is focused", () => {
    const engine = openMicrophone();
    engine.microphone.append(count(0, 480));
    engine.worlds.leave(engine.worlds.byName("Home").handle);
    expect(engine.microphone.drain()).toHaveLength(0);
    expect(engine.state.microphone.length).toBe(480);
  });

  it.each(["cancelled", "errored"] as const)("is cleared by a stream that is %s, but not its counter", (reason) => {
    const engine = openMicrophone();
    engine.microphone.append(count(0, 96_480));
    engine.microphone.streamEnded(reason);
    expect(engine.state.microphone).toMatchObject({ length: 0, droppedSamples: 480 });
    engine.microphone.append(count(7, 1));
    expect(drainAll(engine)).toEqual([7]);
  });

  it("takes nothing any more once it is unplugged", () => {
    const engine = openMicrophone();
    engine.microphone.append(count(0, 10));
    engine.microphone.dispose();
    engine.microphone.append(count(0, 10));
    expect(drainAll(engine)).toEqual([]);
  });
});
