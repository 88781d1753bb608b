import type { Peer } from "../peers/peer.ts";
import { list } from "./listing.ts";
import { speak } from "./microphone.ts";
import { pingAtATime } from "./ping.ts";

/** Does a work until `onDone`, which is told of every piece of it, returns false. */
export type ClientWork = (peer: Peer, onDone: (count?: number) => boolean) => Promise<void>;

/** The works that a peer does with the neutral server. */
export const clientWorks = {
  camera: (peer, onDone) => peer.readPictures(() => onDone()),
  speaker: (peer, onDone) => peer.readSound(() => onDone()),
  microphone: speak,
  ping: pingAtATime(1),
  ping64: pingAtATime(64),
  listing: list,
} satisfies Record<string, ClientWork>;

/** The name of a work. */
export type WorkName = keyof typeof clientWorks;

/** Whether a word is the name of a work. */
export function isWorkName(word: string): word is WorkName {
  return word in clientWorks;
}
