// Walks a square and ends where it began. Ctrl-C stops the avatar at once.
//
//   node examples/locomotion.ts   uses the mod that is running, or the one at RESONITE_IO_SOCKET
import { setTimeout } from "node:timers/promises";
import { connect } from "@resoio/node-uds";

const sideMs = 600;
const cornerMs = 500;
const degreesPerSecond = 90 / (cornerMs / 1000);

const ctrlC = new AbortController();
process.once("SIGINT", () => ctrlC.abort());
const { signal } = ctrlC;

await using resonite = await connect();

// The mod goes on with the last command that it got, so two things make sure that the avatar stops: the signal cancels the
// drive, and leaving this program in any other way resets it.
await using drive = resonite.locomotion.drive({ signal, stopOnDispose: true });

const steps = ["first", "second", "third", "fourth"].flatMap((side) => [
  { name: `${side} side`, command: { moveForward: 1, yawRate: 0 }, ms: sideMs },
  { name: `${side} corner`, command: { moveForward: 0, yawRate: degreesPerSecond }, ms: cornerMs },
]);
for (const { name, command, ms } of steps) {
  if (signal.aborted) break;
  console.log(`walking       ${name}`);
  drive.send(command);
  await setTimeout(ms, undefined, { signal }).catch(() => {
    // Ctrl-C ends the wait; the loop sees it.
  });
}

if (signal.aborted) {
  console.log("stopped       by Ctrl-C");
} else {
  drive.send({ moveForward: 0, yawRate: 0 });
  const summary = await drive.finish();
  console.log(`back again    after ${summary?.receivedCount} commands`);
}
