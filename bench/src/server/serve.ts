// The neutral server: the same prebuilt bytes for every client, as fast as the socket takes them. In a process of its own:
//   node serve.ts SOCKET WIDTH HEIGHT
//
// A connection that begins with HTTP/2's preface is served as a gRPC client; one byte of `rawCommands` asks for the bare bytes.
import { createServer, type Socket } from "node:net";
import { answerCosts } from "../processes/costs.ts";
import { createAnswers } from "./answers.ts";
import { Http2Connection } from "./http2-connection.ts";
import { serveRaw } from "./raw-connection.ts";

const [socketPath = "", width = "0", height = "0"] = process.argv.slice(2);
const answers = createAnswers({ width: Number(width), height: Number(height) });

const server = createServer((socket: Socket) => {
  socket.on("error", () => {
    // The client has had enough.
  });
  socket.once("data", (first: Buffer) => {
    if (first[0] === "P".charCodeAt(0)) new Http2Connection(socket, answers).push(first);
    else serveRaw(socket, first, answers);
  });
});
server.listen(socketPath, () => process.send?.("listening"));
answerCosts();
process.once("disconnect", () => process.exit());
