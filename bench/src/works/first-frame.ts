import { join } from "node:path";
import { sizes } from "../content.ts";
import { type PeerName, peers } from "../peers/index.ts";
import { Child } from "../processes/child.ts";
import { Rounds } from "../report/result.ts";
import { statOf } from "../report/stat.ts";
import type { Work } from "./work.ts";

const { width, height } = sizes["1280x720"];
const names: readonly PeerName[] = ["resoio", "grpc-js", "nice-grpc", "connect-node", "http2", "net"];
const startsPerRound = 5;

/** How long a program takes from its start until it has a picture. */
export const firstFrame: Work = {
  name: "first-frame",
  async run({ rounds }, folder) {
    const measured = new Rounds();
    const socketPath = join(folder, "first-frame.sock");
    await using server = new Child("server/serve.ts", [socketPath, width, height]);
    await server.next();
    for (let start = 0; start < rounds * startsPerRound; start++) {
      for (const peer of names) {
        const startMs = performance.now();
        await using client = new Child("processes/first-frame.ts", [peer, socketPath]);
        await client.next();
        measured.add(peers[peer].label, { "ms to the first frame": performance.now() - startMs });
        await client.ended();
      }
    }
    return {
      work: "first-frame",
      title: "From the start of the process to the first frame of 1280 x 720",
      note: "The last line is the time that Node itself takes to start, and the socket.",
      rows: measured.rows(statOf),
    };
  },
};
