// Shuts the game down, for every program that uses it and for the person who plays it. Does so only with --yes.
//
//   node examples/lifecycle.ts         tells what would be closed in the mod that is running, or at RESONITE_IO_SOCKET
//   node examples/lifecycle.ts --yes   closes it
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";

const { values: options } = parseArgs({ options: { yes: { type: "boolean", default: false } } });

await using resonite = await connect();

const { engineVersion, resonitePid } = await resonite.info.getServerInfo();
console.log(`running       Resonite ${engineVersion}, process ${resonitePid}`);
for (const { name, userCount, focused } of await resonite.world.listOpenWorlds()) {
  console.log(`open world    ${name} (${userCount} people)${focused ? "  <- here" : ""}`);
}

if (options.yes) {
  const pid = await resonite.lifecycle.shutdownGame();
  console.log(`asked to quit process ${pid ?? "unknown"}. It may take a while, or hang on its way out`);
} else {
  console.log("Nothing was done. Add --yes to shut the game down.");
}
