// Grabs what the cursor points at, carries it around for a moment, and lets it go in front of you.
//
//   node examples/grabber.ts           uses the mod that is running, or the one at RESONITE_IO_SOCKET
//   node examples/grabber.ts 0.3 0.7   points there, as fractions of the window from its upper left corner
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";

// Things stand on the floor, so a little below the middle is a good guess.
const { positionals } = parseArgs({ allowPositionals: true });
const [x = 0.5, y = 0.6] = positionals.map(Number);

await using resonite = await connect();
const { cursor, grabber, locomotion } = resonite;

await using undo = new AsyncDisposableStack();
undo.defer(async () => {
  await cursor.release();
});
await cursor.setPosition(x, y);

const { grabbed, state } = await grabber.grab({ radiusMetres: 0.3 });
if (grabbed) {
  undo.defer(async () => {
    await grabber.release();
    console.log("released");
  });
  console.log(
    `grabbed       ${state.objectNames.join(", ") || "something without a name"}, with the ${state.hand} hand`,
  );

  await using drive = locomotion.drive({ stopOnDispose: true });
  for (const yawRate of [60, -60]) {
    console.log(`carrying      to the ${yawRate > 0 ? "right" : "left"}`);
    drive.send({ yawRate });
    await setTimeout(750);
  }
} else {
  console.log(`Nothing to grab at (${x}, ${y}). Try another place: node examples/grabber.ts 0.3 0.7`);
}
