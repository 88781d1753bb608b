// A program that drives the avatar, for tests that kill it. Takes the path of the socket. Says when it is connected, drives when it
// is told to, and lets go of the avatar in good order when it is told that.
import { connect } from "@resoio/node-uds";
import type { DriverOrder } from "./driver-process.ts";

const resonite = await connect({ socketPath: process.argv[2] });
const drive = resonite.locomotion.drive();
let sending: NodeJS.Timeout | undefined;

process.on("message", (order: DriverOrder) => {
  if (order === "drive") sending = setInterval(send, 1);
  else void finish();
});
// The test is gone, or we have finished.
process.once("disconnect", () => void end());
process.send?.("connected");

/** Again and again, so that commands are on their way whenever the process is killed. */
function send(): void {
  drive.send({ moveForward: 1, yawRate: 90 });
}

async function finish(): Promise<void> {
  clearInterval(sending);
  await drive.finish();
  process.disconnect();
}

async function end(): Promise<void> {
  clearInterval(sending);
  await resonite.close();
}
