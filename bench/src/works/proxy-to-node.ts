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

/** A way from the client to the mod. */
interface Way {
  readonly label: string;
  readonly peer: PeerName;
  readonly address: string;
  /** What the client speaks with: the process whose time counts beside its own. */
  readonly server: Child;
}

/** What a proxy between a program and the mod costs. */
export const proxyToNode: Work = {
  name: "proxy-to-node",
  async run({ rounds, durationMs }, folder) {
    const measured = new Rounds();
    for (let round = 0; round < rounds; round++) {
      const socketPath = join(folder, `proxied-${round}.sock`);
      const relayedPath = join(folder, `relayed-${round}.sock`);
      await using mod = new Child("server/serve.ts", [socketPath, width, height]);
      await mod.next();
      await using relay = new Child("proxy/relay.ts", [relayedPath, socketPath]);
      await relay.next();
      await using proxy = new Child("proxy/serve.ts", ["proxy", socketPath]);
      const url = String(await proxy.next());
      const ways: readonly Way[] = [
        { label: "straight to the mod", peer: "resoio", address: socketPath, server: mod },
        { label: "through a relay of bytes", peer: "resoio", address: relayedPath, server: relay },
        { label: peers["proxy-websocket"].label, peer: "proxy-websocket", address: url, server: proxy },
        { label: peers["proxy-fetch"].label, peer: "proxy-fetch", address: url, server: proxy },
      ];
      for (const { label, peer, address, server } of ways) {
        const measure = (clientWork: WorkName) =>
          measureClient(server, { peer, socketPath: address, clientWork, durationMs });
        // The many first: a proxy runs for days, and what it costs before its code is compiled is not what a ping costs.
        const ping64 = await measure("ping64");
        const ping = await measure("ping");
        const camera = await measure("camera");
        measured.add(label, {
          "ping, ms": 1_000 / ping.perSecond,
          "client CPU per ping, ms": ping.clientCpuMs,
          "CPU of the next process per ping, ms": ping.serverCpuMs,
          "pings/s, 64 at a time": ping64.perSecond,
          "frames/s": camera.perSecond,
          "client CPU per frame, ms": camera.clientCpuMs,
          "CPU of the next process per frame, ms": camera.serverCpuMs,
        });
      }
    }
    return {
      work: "proxy-to-node",
      title: "Through the proxy to Node: pings, and raw frames of 1280 x 720",
      note: "The next process is the one that the client speaks with: the mod, the relay or the proxy. The relay passes bytes on and looks at none of them, the least that a third process can cost.",
      rows: measured.rows(statOf),
    };
  },
};
