/** What limits the wait for a connection. */
export interface OpenOptions {
  /** Gives up. It has no effect on the connection once it is open. */
  readonly signal?: AbortSignal | undefined;
  /** How long it may take, in milliseconds. Default: the transport's `connectTimeoutMs` alone limits it. */
  readonly timeoutMs?: number | undefined;
}
