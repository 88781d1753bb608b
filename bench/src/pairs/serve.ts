// A gRPC server of one of the libraries, with one camera that gives the same picture as fast as the library sends it. In a process of
// its own:
//   node serve.ts LIBRARY SOCKET WIDTH HEIGHT
import { answerCosts } from "../processes/costs.ts";
import { isPairName, pairServers } from "./index.ts";

const [name = "", socketPath = "", width = "0", height = "0"] = process.argv.slice(2);
if (!isPairName(name)) throw new Error(`there is no server ${name}`);
await pairServers[name](socketPath, { width: Number(width), height: Number(height) });
process.send?.("listening");
answerCosts();
process.once("disconnect", () => process.exit());
