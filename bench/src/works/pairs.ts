import { join } from "node:path";
import { sizes } from "../content.ts";
import type { PairName } from "../pairs/index.ts";
import type { PeerName } from "../peers/index.ts";
import { Child } from "../processes/child.ts";
import { Rounds } from "../report/result.ts";
import { statOf } from "../report/stat.ts";
import { measureClient } from "./measure-client.ts";
import type { Work } from "./work.ts";

const { width, height } = sizes["1920x1080"];

const pairs: readonly { readonly label: string; readonly server: PairName; readonly client: PeerName }[] = [
  { label: "@resoio/mock-server, @resoio/node-uds", server: "resoio", client: "resoio" },
  { label: "@resoio/mock-server, frames released", server: "resoio", client: "resoio-releasing" },
  { label: "@grpc/grpc-js both", server: "grpc-js", client: "grpc-js" },
  { label: "@connectrpc/connect-node both", server: "connect-node", client: "connect-node" },
];

/** Server and client of the same library. */
export const pairsWork: Work = {
  name: "pairs",
  async run({ rounds, durationMs }, folder) {
    const measured = new Rounds();
    for (let round = 0; round < rounds; round++) {
      for (const { label, server: name, client: peer } of pairs) {
        const socketPath = join(folder, `${name}-${peer}-${round}.sock`);
        await using server = new Child("pairs/serve.ts", [name, socketPath, width, height]);
        await server.next();
        const { perSecond, clientCpuMs, serverCpuMs } = await measureClient(server, {
          peer,
          socketPath,
          clientWork: "camera",
          durationMs,
        });
        measured.add(label, { "frames/s": perSecond, "client CPU, ms": clientCpuMs, "server CPU, ms": serverCpuMs });
      }
    }
    return {
      work: "pairs",
      title: "Camera 1920 x 1080, server and client of one library",
      note:
        "All servers send the same picture again and again, with a new number each time, and encode every message. The simulated " +
        "mod's world stands still, so that its picture is drawn once.",
      plotted: "frames/s",
      rows: measured.rows(statOf),
    };
  },
};
