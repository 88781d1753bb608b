import { join } from "node:path";
import { directPeers, type PeerName, peers } from "../peers/index.ts";
import { Child } from "../processes/child.ts";
import { Rounds } from "../report/result.ts";
import { statOf } from "../report/stat.ts";
import type { WorkName } from "./client-works.ts";
import { measureClient } from "./measure-client.ts";
import type { Work } from "./work.ts";

/** Peers that stand for the others when there is little time. */
const quickPeers: readonly PeerName[] = ["resoio", "resoio-releasing", "grpc-js", "connect-node", "net"];

/** What a work of one client with the neutral server is. */
export interface NeutralWork {
  readonly name: string;
  readonly title: string;
  readonly note?: string;
  /** What the client does. */
  readonly clientWork: WorkName;
  /** What is done, in the plural: "frames". */
  readonly unit: string;
  /** The size of the camera's pictures. */
  readonly size: { readonly width: number; readonly height: number };
  /** Peers that are left out, as they do the same as others here. */
  readonly without?: readonly PeerName[];
}

/** A work that every peer does with the same server, each in a process of its own, by turns. */
export function withNeutralServer({ name, title, note, clientWork, unit, size, without = [] }: NeutralWork): Work {
  return {
    name,
    async run({ rounds, durationMs, isQuick }, folder) {
      const measured = new Rounds();
      for (let round = 0; round < rounds; round++) {
        const socketPath = join(folder, `${name}-${round}.sock`);
        await using server = new Child("server/serve.ts", [socketPath, size.width, size.height]);
        await server.next();
        for (const peer of namesOf(isQuick, without)) {
          const { perSecond, clientCpuMs, serverCpuMs, aboveIdleMiB } = await measureClient(server, {
            peer,
            socketPath,
            clientWork,
            durationMs,
          });
          measured.add(peers[peer].label, {
            [`${unit}/s`]: perSecond,
            "client CPU, ms": clientCpuMs,
            "server CPU, ms": serverCpuMs,
            "client memory above idle, MiB": aboveIdleMiB,
          });
        }
      }
      return { work: name, title, note, plotted: `${unit}/s`, rows: measured.rows(statOf) };
    },
  };
}

function namesOf(isQuick: boolean, without: readonly PeerName[]): PeerName[] {
  const names = isQuick ? quickPeers : directPeers;
  return names.filter((name) => !without.includes(name));
}
