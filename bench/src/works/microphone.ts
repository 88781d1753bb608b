import type { Peer } from "../peers/peer.ts";

/** How many pieces of sound go into one call. */
const piecesPerCall = 500;

/** Sends sound as fast as it is taken, call after call. */
export async function speak(peer: Peer, onDone: (count: number) => boolean): Promise<void> {
  do {
    const received = await peer.speak(piecesPerCall);
    if (received !== piecesPerCall) throw new Error(`${received} of ${piecesPerCall} pieces of sound arrived`);
  } while (onDone(piecesPerCall));
}
