import { once } from "node:events";
import { rename } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { socketFileName } from "./socket-file.js";

/** Above every process id that Linux (4,194,304) and macOS (99,998) give. */
const firstDeadPid = 4_200_000;

/** Makes `count` sockets as processes leave them that died, in the folder of `socketPath`. Returns their paths. */
export async function makeStaleSockets(socketPath: string, count: number): Promise<readonly string[]> {
  const directory = dirname(socketPath);
  const paths = Array.from({ length: count }, (_, index) => join(directory, socketFileName(firstDeadPid + index)));
  for (const path of paths) {
    // A server removes its socket when it closes, but only by the name that it knows.
    const server = createServer();
    const temporaryPath = `${path}~`;
    server.listen(temporaryPath);
    await once(server, "listening");
    await rename(temporaryPath, path);
    server.close();
    await once(server, "close");
  }
  return paths;
}
