import type { Peer } from "../peers/peer.ts";

/** Pings with so many on their way at any time. */
export function pingAtATime(concurrency: number) {
  return async (peer: Peer, onDone: () => boolean): Promise<void> => {
    let isOver = false;
    const worker = async (): Promise<void> => {
      while (!isOver) {
        await peer.ping();
        if (!onDone()) isOver = true;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  };
}
