// Opens the dash, the overlay of the Esc key, lists its tabs and the controls of one of them, and puts everything back.
//
//   node examples/dash.ts          uses the mod that is running, or the one at RESONITE_IO_SOCKET
//   node examples/dash.ts worlds   looks at this tab instead of the current one; a part of its name will do
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";

/** How long the content of the dash or of a tab takes to appear. */
const appearMs = 600;

const { positionals } = parseArgs({ allowPositionals: true });
const [wantedTab] = positionals;

await using resonite = await connect();
const { dash } = resonite;
await using undo = new AsyncDisposableStack();

if (!(await dash.getState()).isOpen) {
  undo.defer(async () => {
    await dash.close();
  });
  await dash.open();
}

const current = (await dash.listTabs()).find(({ isCurrent }) => isCurrent);
if (wantedTab !== undefined) {
  undo.defer(async () => {
    if (current !== undefined) await dash.setTab({ refId: current.refId });
  });
  await dash.selectTab(wantedTab);
}
await setTimeout(appearMs);

console.log("tabs");
for (const { label, localeKey, isCurrent, enabled } of await dash.listTabs()) {
  console.log(`  ${label} (${localeKey})${enabled ? "" : " disabled"}${isCurrent ? "  <- here" : ""}`);
}

console.log("controls");
for (const { label, controlType, enabled, depth } of await dash.listControls({ includeDisabled: true })) {
  console.log(`${"  ".repeat(depth + 1)}${controlType}  ${label}${enabled ? "" : " (disabled)"}`);
}
