/**
 * Where the packages say what happens to a connection: one line for each change, never for a call. Silent by default. `console`
 * fits, and so do most logging libraries.
 */
export interface Logger {
  /** What only somebody who looks for a fault wants to read. */
  debug(message: string): void;
  /** A change of life: connected, lost, closed. */
  info(message: string): void;
  /** Something that works but should be looked at. */
  warn(message: string): void;
}

/** A logger that says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {} };
