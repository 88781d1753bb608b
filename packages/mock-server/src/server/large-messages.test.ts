import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { openMod } from "../testing/open-mod.js";

const mebibyte = 1024 * 1024;

describe("large messages", () => {
  it("lists 100,000 sessions in one answer, and page by page the same ones", async () => {
    const sessions = Array.from({ length: 100_000 }, (_, index) => ({
      name: `Session ${index}`,
      hostUsername: "Host",
      users: ["Somebody"],
    }));
    await using test = await openMod({ scenario: { sessions } });
    const { listSessions } = services.world.method;

    const all = await test.raw.unary(listSessions, {});
    expect(all.totalCount).toBe(100_000);
    expect(all.sessions).toHaveLength(100_000);
    expect(all.sessions.at(-1)?.name).toBe("Session 99999");

    const page = await test.raw.unary(listSessions, { page: 999, pageSize: 100 });
    expect(page.totalCount).toBe(100_000);
    expect(page.sessions).toEqual(all.sessions.slice(99_900));
  }, 60_000);

  it("sends 33 MB camera frames whole, and gives their memory back", async () => {
    await using test = await openMod({ scenario: { display: { width: 3840, height: 2160 } } });
    const frameBytes = 3840 * 2160 * 4;
    const stream = test.raw.serverStream(services.camera.method.streamFrames, {});
    let frames = 0;
    const settled = new Promise<void>((resolve) => stream.once("close", resolve));
    stream.on("error", () => {
      // Our own cancellation.
    });
    const before = process.memoryUsage.rss();
    const reading = (async () => {
      for await (const frame of stream) {
        expect(frame.pixels.byteLength).toBe(frameBytes);
        if (++frames === 12) break;
      }
    })();
    let isRead = false;
    void reading.finally(() => {
      isRead = true;
    });
    while (!isRead) await test.clock.advance(40);
    await reading;
    stream.cancel();
    await settled;
    while (test.mod.openCalls > 0) await test.clock.advance(20);

    // Twelve frames are 400 MB, each of them several times over on its way; nothing near that may be kept.
    global.gc?.();
    expect(process.memoryUsage.rss() - before).toBeLessThan(12 * frameBytes + 128 * mebibyte);
  }, 60_000);

  it("answers 200 calls at once on one connection", async () => {
    await using test = await openMod();
    const messages = Array.from({ length: 200 }, (_, index) => `ping ${index}`);
    const answers = await Promise.all(
      messages.map((message) => test.raw.unary(services.connection.method.ping, { message })),
    );
    expect(answers.map(({ message }) => message)).toEqual(messages);
  });
});
