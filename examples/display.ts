// Tells how large the game's window is, and so the camera's frames. With --write it makes the window another size.
//
//   node examples/display.ts                    uses the mod that is running, or the one at RESONITE_IO_SOCKET
//   node examples/display.ts --write 1024x768   changes the setting; the game takes no less than 800x600
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";

/** How long to wait for the new size: the mod answers before the change is made. */
const patienceMs = 3000;

const { values: options } = parseArgs({ options: { write: { type: "string" } } });

await using resonite = await connect();
const { display } = resonite;

const before = await display.get();
console.log(`window        ${before.width} x ${before.height} pixels`);
console.log(`frame rate    at most ${before.maxFps} a second while the window is in the background`);

if (options.write === undefined) {
  console.log("Nothing was changed. Add --write 1024x768 to make the window this size.");
} else {
  const [width = 0, height = 0] = options.write.split("x").map(Number);
  await display.apply({ width, height });

  let after = await display.get();
  const giveUpMs = performance.now() + patienceMs;
  while ((after.width !== width || after.height !== height) && performance.now() < giveUpMs) {
    await setTimeout(50);
    after = await display.get();
  }
  console.log(`now           ${after.width} x ${after.height} pixels`);
  console.log(`To go back: node examples/display.ts --write ${before.width}x${before.height}`);
}
