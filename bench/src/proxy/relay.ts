// A process that passes bytes on between two Unix sockets and looks at none of them, the least that can stand between a client and a mod:
//   node relay.ts LISTENING_SOCKET MOD_SOCKET      says "ready" when it listens
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream";
import { answerCosts } from "../processes/costs.ts";

const [listeningPath = "", modPath = ""] = process.argv.slice(2);
answerCosts();
const server = createServer((client) => {
  const mod = connect(modPath);
  // Who hangs up ends both.
  pipeline(client, mod, client, () => {});
});
server.listen(listeningPath, () => process.send?.("ready"));
process.once("disconnect", () => process.exit());
