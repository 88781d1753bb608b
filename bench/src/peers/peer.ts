/** One way to call the mod. Each implementation does the same work with the library that it stands for. */
export interface Peer {
  /** Reads camera frames until `onPicture`, which is told how many bytes of pixels each has, returns false. */
  readPictures(onPicture: (byteLength: number) => boolean): Promise<void>;
  /** Reads pieces of the speaker's sound until `onSound`, which is told the number of bytes, returns false. */
  readSound(onSound: (byteLength: number) => boolean): Promise<void>;
  /** Sends so many pieces of sound to the microphone in one call, and returns how many the server has received. */
  speak(count: number): Promise<number>;
  /** Sends one ping and waits for its answer. */
  ping(): Promise<void>;
  /** Asks for the long listing and returns how many entries it has. */
  list(): Promise<number>;
  close(): Promise<void>;
}

/** What a file in this folder exports for each peer in it. */
export type OpenPeer = (socketPath: string) => Promise<Peer>;
