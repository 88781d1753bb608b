import { listingLength } from "../content.ts";
import type { Peer } from "../peers/peer.ts";

/** Asks for the long listing again and again. */
export async function list(peer: Peer, onDone: () => boolean): Promise<void> {
  do {
    const count = await peer.list();
    if (count !== listingLength) throw new Error(`the listing has ${count} entries instead of ${listingLength}`);
  } while (onDone());
}
