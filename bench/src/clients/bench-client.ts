/** One way to call the mod. Each implementation does the same work with the library that it stands for. */
export interface BenchClient {
  /** Reads so many camera frames and returns how many bytes of pixels they had. */
  readFrames(count: number): Promise<number>;
  /** Sends one ping and waits for its answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
