// Measures how fast and how fresh the camera's frames are, and saves a picture of what the game's window shows.
//
//   node examples/camera.ts               uses the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
//   node examples/camera.ts --out folder  saves camera.png there instead of in out/
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";
import { encode } from "fast-png";

const { values: options } = parseArgs({
  options: { out: { type: "string", default: join(import.meta.dirname, "../out") } },
});

await using resonite = await connect();

const wantedFrames = 60;
let frames = 0;
let startMs = 0;
let ageMs = 0;
for await (const { unixNanos } of resonite.camera.stream()) {
  // The first frame starts the clock: how long it took to come says nothing about those after it.
  if (frames++ === 0) startMs = performance.now();
  else ageMs += Date.now() - Number(unixNanos / 1_000_000n);
  if (frames > wantedFrames) break;
}
const seconds = (performance.now() - startMs) / 1000;
console.log(`speed         ${(wantedFrames / seconds).toFixed(1)} frames a second`);
console.log(`freshness     ${(ageMs / wantedFrames).toFixed(1)} ms from capture to here, on average`);

const { width, height, pixels } = await resonite.camera.shot();
const data = pixels.slice();
// The alpha that the game gives means nothing.
for (let alpha = 3; alpha < data.length; alpha += 4) data[alpha] = 255;

const file = resolve(options.out, "camera.png");
await mkdir(options.out, { recursive: true });
await writeFile(file, encode({ width, height, channels: 4, data }));
console.log(`picture       ${width} x ${height} in ${file}`);
