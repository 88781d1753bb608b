// Draws a circle with the game's cursor, once around, and gives the cursor back. Your own mouse pointer is not touched.
//
//   node examples/cursor.ts   uses the mod that is running, or the one at RESONITE_IO_SOCKET
import { connect } from "@resoio/node-uds";

const steps = 60;
/** As a fraction of the window's height. */
const radius = 0.25;

await using resonite = await connect();
const { cursor } = resonite;

const before = await cursor.getPosition();
const { width, height } = before.window;
console.log(`window        ${width} x ${height} pixels`);
console.log(`cursor        at ${pixels(before)}, ${before.held ? "held by a program" : "follows the mouse"}`);

await using undo = new AsyncDisposableStack();
undo.defer(async () => {
  if (before.held) await cursor.setPosition(before.x, before.y);
  else await cursor.release();
});

const startMs = performance.now();
for (let step = 0; step <= steps; step++) {
  const angle = (step / steps) * 2 * Math.PI;
  const x = 0.5 + (radius * Math.cos(angle) * height) / width;
  const y = 0.5 + radius * Math.sin(angle);
  // Answered when the cursor is there, so this is as fast as the engine moves it.
  const at = await cursor.setPosition(x, y);
  if (step % (steps / 4) === 0) console.log(`moved         to ${pixels(at)}`);
}
console.log(`circle        ${steps} steps in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);

function pixels({ x, y }: { readonly x: number; readonly y: number }): string {
  return `(${Math.round(x * width)}, ${Math.round(y * height)})`;
}
