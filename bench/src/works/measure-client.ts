import { type PeerEntry, type PeerName, peers } from "../peers/index.ts";
import { Child } from "../processes/child.ts";
import type { WorkName } from "./client-works.ts";
import { numbersIn } from "./numbers-in.ts";

/** What is to be measured. */
export interface ClientMeasurement {
  readonly peer: PeerName;
  readonly socketPath: string;
  readonly clientWork: WorkName;
  readonly durationMs: number;
}

/** What was measured of one client. */
export interface ClientFigures {
  /** How often the work was done in a second. */
  readonly perSecond: number;
  /** Time of the processor that one piece of work took in the client, all of its threads, in milliseconds. */
  readonly clientCpuMs: number;
  /** The same in the server. */
  readonly serverCpuMs: number;
  /** The most memory that the client had, less what it had before the work, in MiB. */
  readonly aboveIdleMiB: number;
}

/** Lets a peer do a work with a server that listens already. */
export async function measureClient(server: Child, measurement: ClientMeasurement): Promise<ClientFigures> {
  const { peer, socketPath, clientWork, durationMs } = measurement;
  const { env }: PeerEntry = peers[peer];
  await using client = new Child("processes/client.ts", [peer, socketPath, clientWork, durationMs], env);
  await client.next();
  const before = await server.costs();
  const reading = numbersIn(await client.next(), ["count", "elapsedMs", "cpuMs", "idleMiB", "peakMiB"]);
  const after = await server.costs();
  await client.ended();
  return {
    perSecond: (reading.count / reading.elapsedMs) * 1_000,
    clientCpuMs: reading.cpuMs / reading.count,
    serverCpuMs: (after.cpuMs - before.cpuMs) / reading.count,
    aboveIdleMiB: reading.peakMiB - reading.idleMiB,
  };
}
