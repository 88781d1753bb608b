import { type ChildProcess, fork } from "node:child_process";
import { on, once } from "node:events";
import { join } from "node:path";
import { connect } from "@resoio/node-uds";
import { describe, expect, it } from "vitest";

const mebibyte = 1024 * 1024;
const frameBytes = 1920 * 1080 * 4;

/** A simulated mod with a 1080p camera, in its own process. */
async function startServerProcess(): Promise<{
  readonly socketPath: string;
  readonly nextResidentBytes: () => Promise<number>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}> {
  const child: ChildProcess = fork(join(import.meta.dirname, "../testing/soak-server.mjs"), { execArgv: [] });
  const messages = on(child, "message");
  const next = async (): Promise<{ readonly socketPath?: string; readonly residentBytes?: number }> =>
    (await messages.next()).value[0];
  const { socketPath } = await next();
  return {
    socketPath: String(socketPath),
    nextResidentBytes: async () => (await next()).residentBytes ?? Number.NaN,
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The middle value of the last third against that of the first third, in bytes. */
function growth(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3);
  return median(samples.slice(-third)) - median(samples.slice(0, third));
}

describe("a 1080p camera over a Unix domain socket", () => {
  it("streams for 30 seconds without either side's memory growing", { timeout: 120_000 }, async () => {
    await using server = await startServerProcess();
    await using resonite = await connect({ socketPath: server.socketPath });
    await using stream = resonite.camera.stream();

    const clientSamples: number[] = [];
    const serverSamples: number[] = [];
    let frames = 0;
    let isOver = false;
    const watching = (async () => {
      // 200 ms a sample: the first five seconds warm up, thirty count. More where frames come slowly: far more must pass than either
      // side may keep, so that whatever leaks would show.
      for (let sample = 0; sample < 175 || frames * frameBytes < 1024 * mebibyte; sample++) {
        const residentBytes = await server.nextResidentBytes();
        if (sample < 25) continue;
        serverSamples.push(residentBytes);
        clientSamples.push(process.memoryUsage.rss());
      }
      isOver = true;
    })();
    for await (const { pixels } of stream) {
      expect(pixels.byteLength).toBe(frameBytes);
      frames++;
      if (isOver) break;
    }
    await watching;

    expect(growth(clientSamples)).toBeLessThan(96 * mebibyte);
    expect(growth(serverSamples)).toBeLessThan(96 * mebibyte);
  });

  it("waits for a reader that stops, and keeps nothing for it", { timeout: 60_000 }, async () => {
    await using server = await startServerProcess();
    await using resonite = await connect({ socketPath: server.socketPath });
    await using stream = resonite.camera.stream();
    await stream.next();
    await stream.next();
    await server.nextResidentBytes();

    const serverBefore = await server.nextResidentBytes();
    const clientBefore = process.memoryUsage.rss();
    for (let sample = 0; sample < 25; sample++) await server.nextResidentBytes();

    // In five seconds the camera gave 300 frames, 2.4 GB. A few may be under way, in the windows and at each end, and a few more may
    // be garbage that nobody had to collect yet.
    expect((await server.nextResidentBytes()) - serverBefore).toBeLessThan(40 * frameBytes);
    expect(process.memoryUsage.rss() - clientBefore).toBeLessThan(40 * frameBytes);
    const { value: next } = await stream.next();
    expect(next?.pixels.byteLength).toBe(frameBytes);
  });
});
