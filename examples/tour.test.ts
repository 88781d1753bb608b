import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { expect, it } from "vitest";

it("tours a simulated mod and leaves a picture of its room", async () => {
  const out = await mkdtemp(join(tmpdir(), "resoio-tour-"));
  try {
    const tour = spawn(process.execPath, [join(import.meta.dirname, "tour.ts"), "--mock", "--out", out]);
    let printed = "";
    tour.stdout.on("data", (text: Buffer) => {
      printed += text.toString();
    });
    tour.stderr.on("data", (text: Buffer) => {
      printed += text.toString();
    });
    const [exitCode] = await once(tour, "close");

    expect(printed).toContain('"hello" came back');
    expect(printed).toContain("joined        Gallery (3 people");
    expect(printed).toContain("30 frames of 1280 x 720");
    expect(exitCode).toBe(0);

    const { width, height, data } = decode(await readFile(join(out, "tour.png")));
    expect([width, height]).toEqual([1280, 720]);
    // A room has many colours; a blank or broken picture has few.
    expect(new Set(new Uint32Array(data.buffer, data.byteOffset, width * height)).size).toBeGreaterThan(100);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}, 60_000);
