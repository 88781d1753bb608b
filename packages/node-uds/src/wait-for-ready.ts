import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, ConnectionClient, InvalidOptionsError } from "@resoio/core";
import { createUdsTransport } from "./create-uds-transport.js";
import { type FindSocketOptions, findSocket } from "./discovery/find-socket.js";
import { InvalidEnvironmentError } from "./errors/invalid-environment-error.js";
import { ReadyTimeoutError } from "./errors/ready-timeout-error.js";
import { SocketNotFoundError } from "./errors/socket-not-found-error.js";

/** Options of {@link waitForReady}. */
export interface WaitForReadyOptions extends FindSocketOptions {
  /**
   * How long to try, in milliseconds. Default 120,000, what a cold start of the game may take. `Infinity`: for ever; 0: one
   * attempt, which takes 5 seconds at most.
   */
  readonly timeoutMs?: number;
  /** Pause between two attempts, in milliseconds. Default 100. */
  readonly intervalMs?: number;
  /** Stops waiting, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until a mod answers a ping and returns the path of its socket. It keeps trying while there is no socket, while
 * nobody listens on it, and while the mod says that it is still starting (`FailedPrecondition`); anything else is thrown at
 * once.
 *
 * Throws {@link ReadyTimeoutError}, with the last failure as its cause, when the time is over.
 */
export async function waitForReady(options: WaitForReadyOptions = {}): Promise<string> {
  const { timeoutMs = 120_000, intervalMs = 100, signal, ...target } = options;
  if (!(timeoutMs >= 0)) throw new InvalidOptionsError(`timeoutMs must be 0 or more, not ${timeoutMs}`);
  if (!(intervalMs >= 0 && intervalMs < Infinity)) {
    throw new InvalidOptionsError(`intervalMs must be a number from 0 upwards, not ${intervalMs}`);
  }
  const startMs = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    try {
      const socketPath = findSocket(target);
      const remainingMs = timeoutMs === 0 ? Infinity : Math.max(1, timeoutMs - (performance.now() - startMs));
      await pingOnce(socketPath, remainingMs, signal);
      return socketPath;
    } catch (error) {
      signal?.throwIfAborted();
      const elapsedMs = performance.now() - startMs;
      if (elapsedMs + intervalMs >= timeoutMs && isWorthRetrying(error)) throw new ReadyTimeoutError(timeoutMs, error);
      if (!isWorthRetrying(error)) throw error;
    }
    // An abort only cuts the pause short; what is thrown is the signal's own reason.
    await sleep(intervalMs, undefined, signal === undefined ? undefined : { signal }).catch(() => {});
  }
}

/** At most this long per attempt, so that one that hangs does not use up all the time. */
const attemptTimeoutMs = 5_000;

async function pingOnce(socketPath: string, remainingMs: number, signal: AbortSignal | undefined): Promise<void> {
  const timeoutMs = Math.min(attemptTimeoutMs, remainingMs);
  await using transport = createUdsTransport({ socketPath, connectTimeoutMs: timeoutMs });
  const options = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
  await new ConnectionClient(transport).ping("waitForReady", options);
}

function isWorthRetrying(error: unknown): boolean {
  if (error instanceof SocketNotFoundError) return true;
  // What a variable names may appear with the mod; a value that can never lead to a socket stays wrong.
  if (error instanceof InvalidEnvironmentError) return isMissing(error.cause);
  if (!(error instanceof ConnectError)) return false;
  return [Code.Unavailable, Code.FailedPrecondition, Code.DeadlineExceeded].includes(error.code);
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
