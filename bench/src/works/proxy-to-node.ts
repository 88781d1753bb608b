import { join } from "node:path";
import { sizes } from "../content.ts";
import { type PeerName, peers } from "../peers/index.ts";
import { Child } from "../processes/child.ts";
import { Rounds } from "../report/result.ts";
import { statOf } from "../report/stat.ts";
import type { WorkName } from "./client-works.ts";
import { measureClient } from "./measure-client.ts";
import type { Work } from "./work.ts";

const { width, height } = sizes["1280x720"];
const names: readonly PeerName[] = ["resoio", "proxy-websocket", "proxy-fetch"];

/** What a proxy between a program and the mod costs. */
export const proxyToNode: Work = {
  name: "proxy-to-node",
  async run({ rounds, durationMs }, folder) {
    const measured = new Rounds();
    for (let round = 0; round < rounds; round++) {
      const socketPath = join(folder, `proxied-${round}.sock`);
      await using server = new Child("server/serve.ts", [socketPath, width, height]);
      await server.next();
      await using proxy = new Child("proxy/serve.ts", ["proxy", socketPath]);
      const url = String(await proxy.next());
      for (const peer of names) {
        const isDirect = peer === "resoio";
        const measure = (clientWork: WorkName) =>
          measureClient(isDirect ? server : proxy, {
            peer,
            socketPath: isDirect ? socketPath : url,
            clientWork,
            durationMs,
          });
        const ping = await measure("ping");
        const ping64 = await measure("ping64");
        const camera = await measure("camera");
        measured.add(peers[peer].label, {
          "ping, ms": 1_000 / ping.perSecond,
          "pings/s, 64 at a time": ping64.perSecond,
          "frames/s": camera.perSecond,
          "client CPU per frame, ms": camera.clientCpuMs,
          "proxy CPU per frame, ms": isDirect ? 0 : camera.serverCpuMs,
        });
      }
    }
    return {
      work: "proxy-to-node",
      title: "Through the proxy to Node: pings, and raw frames of 1280 x 720",
      rows: measured.rows(statOf),
    };
  },
};
