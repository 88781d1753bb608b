// Tells what runs at the other end: worth a look before anything else, and the first thing to put into a bug report.
//
//   node examples/info.ts   uses the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
import { connect } from "@resoio/node-uds";

await using resonite = await connect();

const { modVersion, engineVersion, platform, isWine, resonitePid, rendererPid } = await resonite.info.getServerInfo();
console.log(`mod           ${modVersion}`);
console.log(`engine        ${engineVersion}`);
console.log(`platform      ${platform}${isWine ? ", under Wine" : ""}`);
console.log(`process       ${resonitePid === 0 ? "unknown" : resonitePid}`);
console.log(`renderer      ${rendererPid === 0 ? "none, as in a headless engine" : rendererPid}`);
