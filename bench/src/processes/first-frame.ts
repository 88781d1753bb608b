// Reads one picture and says so:
//   node first-frame.ts PEER SOCKET
import { isPeerName, peers } from "../peers/index.ts";

const [peerName = "", socketPath = ""] = process.argv.slice(2);
if (!isPeerName(peerName)) throw new Error(`there is no ${peerName}`);
const peer = await peers[peerName].open(socketPath);
await peer.readPictures(() => {
  process.send?.("a picture");
  return false;
});
await peer.close();
process.disconnect();
process.exit();
