import { once } from "node:events";
import { Command } from "commander";
import { modSocketPath } from "../server/socket-file.js";
import { startMockServer } from "../start-mock-server.js";

/** Runs the command `resoio-mock` until it is interrupted. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("resoio-mock")
    .description("Runs a simulated Resonite IO mod on a Unix domain socket.")
    .option("-s, --socket <path>", "where to put the socket (default: where the real mod would put it)")
    .parse(argv);
  const { socket } = program.opts<{ socket?: string }>();

  await using mod = await startMockServer({ socketPath: socket ?? modSocketPath(process.env) });
  console.log(`resoio-mock listens on ${mod.socketPath} (Ctrl-C stops it)`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
}
