// Opens the radial menu of the primary hand, tells what is in it, and closes it again.
//
//   node examples/context-menu.ts                   uses the mod that is running, or the one at RESONITE_IO_SOCKET
//   node examples/context-menu.ts Locomotion Walk   also presses these items, one after the other; parts of names will do
import { parseArgs } from "node:util";
import type { ContextMenuState } from "@resoio/core";
import { connect } from "@resoio/node-uds";

const { positionals: labelsToPress } = parseArgs({ allowPositionals: true });

await using resonite = await connect();
const { contextMenu } = resonite;

await using undo = new AsyncDisposableStack();
undo.defer(async () => {
  await contextMenu.close();
});

print("menu", await contextMenu.open());
for (const label of labelsToPress) {
  print(`after "${label}"`, await contextMenu.invokeByLabel(label));
}

function print(title: string, { isOpen, items }: ContextMenuState): void {
  console.log(`${title}: ${isOpen ? `${items.length} items` : "closed"}`);
  for (const { index, label, enabled } of items) {
    console.log(`  ${index}  ${label}${enabled ? "" : " (disabled)"}`);
  }
}
