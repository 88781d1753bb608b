/** What brings requests to a proxy: a server of its own, or a place on somebody else's. */
export interface ProxyDoor {
  /** Lets in no new connections. */
  close(): void;
  /** Gives back what it took. Resolves when nothing is left of it: a port is free, a place is somebody else's again. */
  release(): Promise<void>;
}
