// Prints the signed-in user's inventory as a tree. With --spawn it puts an item of it into the world.
//
//   node examples/inventory.ts                            uses the mod that is running, or the one at RESONITE_IO_SOCKET
//   node examples/inventory.ts /Inventory/Tools           only this directory
//   node examples/inventory.ts --spawn /Inventory/Mirror  everybody in the world sees it, until somebody takes it away
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";

/** Deep enough for an overview: each directory is a question to the cloud. */
const maxDepth = 3;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { spawn: { type: "string" } },
});
const [root = "/Inventory"] = positionals;

await using resonite = await connect();

console.log(root);
await printTree(root, 1);

if (options.spawn === undefined) {
  console.log("Nothing was spawned. Add --spawn /Inventory/... to put an item into the world.");
} else {
  const { spawnedSlotName, spawnedSlotId } = await resonite.inventory.spawn(options.spawn);
  console.log(`spawned       ${spawnedSlotName} (${spawnedSlotId})`);
}

async function printTree(path: string, depth: number): Promise<void> {
  const { entries } = await resonite.inventory.list(path);
  for (const entry of entries.toSorted((a, b) => a.name.localeCompare(b.name))) {
    console.log(`${"  ".repeat(depth)}${entry.name}${entry.kind === "directory" ? "/" : `  (${entry.kind})`}`);
    // A link may lead into somebody else's inventory, or in a circle, so it is not followed.
    if (entry.kind === "directory" && depth < maxDepth) await printTree(entry.path, depth + 1);
  }
}
