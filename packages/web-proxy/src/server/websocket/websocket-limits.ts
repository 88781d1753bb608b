import { InvalidOptionsError } from "@resoio/core";
import { maxTimerMs } from "@resoio/core/internal";
import { maxCredit } from "../../wire/protocol.js";

/** What a WebSocket client may take, and how long the proxy waits for it. Times are in milliseconds, from 1. */
export interface WebSocketLimits {
  /** How many connections there may be. One more is refused with HTTP 503. Default 1,000. */
  readonly maxConnections: number;
  /** How many calls a client may have open. One more ends with `ResourceExhausted`. Default 64. */
  readonly maxCalls: number;
  /** The largest message that a client may send, in bytes. A larger one ends its call with `ResourceExhausted`. Default 1 MiB. */
  readonly maxMessageBytes: number;
  /** How much a client may send ahead on each call, in bytes. Default 256 KiB. */
  readonly receiveWindowBytes: number;
  /**
   * How much may wait for a client, on all its calls, until it gives credit for it, in bytes. A message that is too much ends its call
   * with `ResourceExhausted`. Default 128 MiB: room for three camera frames in 4K.
   */
  readonly maxWaitingBytes: number;
  /**
   * How many frames and messages a client may send each second, in the long run; twice as many at once. More close its connection
   * with 4429. Default 10,000.
   */
  readonly framesPerSecond: number;
  /** How many calls a client may open each second, in the long run; twice as many at once. More close it with 4429. Default 2,000. */
  readonly callsPerSecond: number;
  /** How long `authorize` may take before the connection is refused with HTTP 503. Default 10,000. */
  readonly authorizeTimeoutMs: number;
  /** How often a client is sent a PING. Default 10,000. */
  readonly heartbeatIntervalMs: number;
  /** How long a client may be silent after a PING before it is closed with 4409. Default 10,000. */
  readonly heartbeatTimeoutMs: number;
  /** How often a client that drives or speaks is sent a PING. Default 400. */
  readonly drivingHeartbeatIntervalMs: number;
  /** How long a client that drives or speaks may be silent before these calls are cancelled. Default 900. */
  readonly drivingSilenceMs: number;
  /** How long a client may take nothing of what is sent to it before it is closed with 4408. Default 10,000. */
  readonly notReadingTimeoutMs: number;
  /** How long a client may be without a call before it is closed with 4410. Default 600,000: ten minutes. */
  readonly idleTimeoutMs: number;
  /** How long a client has to answer the end of its connection before the socket is destroyed. Default 5,000. */
  readonly closeTimeoutMs: number;
}

const defaults: WebSocketLimits = {
  maxConnections: 1_000,
  maxCalls: 64,
  maxMessageBytes: 1024 * 1024,
  receiveWindowBytes: 256 * 1024,
  maxWaitingBytes: 128 * 1024 * 1024,
  framesPerSecond: 10_000,
  callsPerSecond: 2_000,
  authorizeTimeoutMs: 10_000,
  heartbeatIntervalMs: 10_000,
  heartbeatTimeoutMs: 10_000,
  drivingHeartbeatIntervalMs: 400,
  drivingSilenceMs: 900,
  notReadingTimeoutMs: 10_000,
  idleTimeoutMs: 600_000,
  closeTimeoutMs: 5_000,
};

/** `limits` with the defaults filled in. Throws {@link InvalidOptionsError} for a number that can be no limit. */
export function resolveWebSocketLimits(limits: Partial<WebSocketLimits> = {}): WebSocketLimits {
  const resolved: WebSocketLimits = { ...defaults, ...limits };
  for (const name of Object.keys(defaults).filter(isLimitName)) {
    const most = name.endsWith("Ms") ? maxTimerMs : maxCredit;
    if (!(resolved[name] >= 1 && resolved[name] <= most)) {
      throw new InvalidOptionsError(`limits.${name} must be from 1 to ${most}, not ${resolved[name]}`);
    }
  }
  return resolved;
}

function isLimitName(name: string): name is keyof WebSocketLimits {
  return Object.hasOwn(defaults, name);
}
