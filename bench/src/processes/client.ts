// Does one work with one peer, in a process of its own, and tells what it took:
//   node client.ts PEER SOCKET WORK MILLISECONDS
import { isPeerName, peers } from "../peers/index.ts";
import { type ClientWork, clientWorks, isWorkName } from "../works/client-works.ts";
import { ownCosts } from "./costs.ts";
import { Meter } from "./meter.ts";

const [peerName = "", socketPath = "", workName = "", durationMs = "0"] = process.argv.slice(2);
if (!isPeerName(peerName) || !isWorkName(workName)) throw new Error(`there is no ${peerName} or no ${workName}`);

const peer = await peers[peerName].open(socketPath);
const { residentMiB: idleMiB } = ownCosts();
const meter = new Meter(Number(durationMs), () => process.send?.("begun"));
const work: ClientWork = clientWorks[workName];
await work(peer, (count) => meter.add(count));
process.send?.({ ...meter.reading, idleMiB, peakMiB: ownCosts().peakMiB });
await peer.close();
process.disconnect?.();
process.exit();
