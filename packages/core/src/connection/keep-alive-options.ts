/** How often a connection is asked whether the other end lives, and how long it may take to answer. */
export interface KeepAliveOptions {
  /** Time between two pings, in milliseconds. Default 10,000. */
  readonly intervalMs?: number;
  /** How long nothing at all may come after a ping, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}
