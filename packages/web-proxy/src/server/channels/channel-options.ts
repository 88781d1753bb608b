import { type Access, InvalidOptionsError, type Logger, silentLogger } from "@resoio/core";
import { backgroundClock, type Clock } from "@resoio/core/internal";
import type { WindowLimits } from "../../channels/batch-sender.js";
import { checkNumbers } from "../../channels/check-numbers.js";
import type { MalformedPolicy } from "../../channels/dispatcher.js";
import type { StoreLimits } from "../../channels/message-store.js";
import type { OutboxLimits } from "../../channels/outbox.js";
import type { SchemaCompatibility } from "../../channels/schema-agreement.js";
import { checkAccess } from "../access/tokens.js";

/** What a client of a channel may take. Times are in milliseconds. */
export interface ChannelLimits {
  /** How many clients there may be. One more is refused with `ResourceExhausted`. Default 1,000. */
  readonly maxClients: number;
  /** In how many rooms a client may be. Default 16. */
  readonly maxRooms: number;
  /** The largest message that may be sent, in bytes. Default 1 MiB. */
  readonly maxMessageBytes: number;
  /** How many messages a batch of a client may hold. One with more ends its call with `ResourceExhausted`. Default 8,192. */
  readonly maxBatchMessages: number;
  /**
   * How many messages a client may send each second, in the long run; twice as many at once. Who sends more is slowed down. Default
   * 2,000.
   */
  readonly messagesPerSecond: number;
  /** How much of a client may wait for the handlers before it is slowed down, in bytes. Default 256 KiB. */
  readonly inboxBytes: number;
  /** How long the handlers of a message may take before the next one has its turn. Default 30,000. */
  readonly handlerTimeoutMs: number;
  /** How long a connect callback may take before the client is refused, and a disconnect callback before it is left alone. Default 10,000. */
  readonly callbackTimeoutMs: number;
  /** How long a client may take nothing while something waits for it, before it is given up. Default 10,000. */
  readonly stallTimeoutMs: number;
}

/** What is kept of a client whose connection was lost, so that it can go on where it was. */
export interface SessionOptions {
  /** For how long, in milliseconds. 0: nothing. Default 30,000. */
  readonly keepMs: number;
  /** Of how many clients that are gone. The oldest go first. Default 1,000. */
  readonly maxSessions: number;
  /** How many messages are kept for each, of those that were sent to it alone with `persist`. Default 1,000. */
  readonly maxMessages: number;
  /** How much they may take, in bytes. Default 1 MiB. */
  readonly maxBytes: number;
}

/** Options of `createChannel`. */
export interface ChannelOptions {
  /** When, and how much at once, is sent to a client. Default: within 1/60 second, up to 128 messages and 1 MiB. */
  readonly window?: Partial<WindowLimits>;
  /** How much may wait for a client, and what to do then. Default 65,536 messages and 16 MiB, `"drop-oldest"`. */
  readonly outbox?: Partial<OutboxLimits>;
  /** How much is kept for those who come later, with that of rooms. Default 100,000 messages and 64 MiB. */
  readonly store?: Partial<StoreLimits>;
  /** What is kept of a client that is gone. */
  readonly session?: Partial<SessionOptions>;
  /** What a client must be allowed to do so that it may join, and so that it may send. Default `"observe"` and `"control"`. */
  readonly access?: { readonly join?: Access; readonly send?: Access };
  /**
   * Which rooms a client may choose for itself; into others only the server puts it. A list of names, or a function that decides.
   * Default: none.
   */
  readonly clientRooms?: readonly string[] | ((room: string, client: RoomApplicant) => boolean);
  /** How alike the schema of a client must be. Default `"compatible"`. */
  readonly compatibility?: SchemaCompatibility;
  /** What to do with messages of clients that cannot be decoded. Default `"close"`: the client's call ends. */
  readonly malformed?: MalformedPolicy;
  /** What a client may take. */
  readonly limits?: Partial<ChannelLimits>;
  /** Told of what goes wrong and nobody has a callback for, and of clients that come and go. Default: silent. */
  readonly logger?: Logger;
  /** The time that it lives in. Default: this machine's. */
  readonly clock?: Clock;
}

/** Who wants to be in a room. */
export interface RoomApplicant {
  /** What it may do. */
  readonly access: ReadonlySet<Access>;
  /** The name in its token; `undefined` without a token. */
  readonly name: string | undefined;
}

/** {@link ChannelOptions} that were looked at, with what they leave out. */
export interface ResolvedChannelOptions {
  readonly window: WindowLimits;
  readonly outbox: OutboxLimits;
  readonly store: StoreLimits;
  readonly session: SessionOptions;
  readonly access: { readonly join: Access; readonly send: Access };
  readonly mayChooseRoom: (room: string, client: RoomApplicant) => boolean;
  readonly compatibility: SchemaCompatibility;
  readonly malformed: MalformedPolicy;
  readonly limits: ChannelLimits;
  readonly logger: Logger;
  readonly clock: Clock;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** When messages are sent, unless it is told otherwise: as often as a screen shows something new. */
export const defaultWindow: WindowLimits = { ms: 1000 / 60, maxMessages: 128, maxBytes: mebibyte };

const defaults = {
  outbox: { maxMessages: 65_536, maxBytes: 16 * mebibyte, policy: "drop-oldest" },
  store: { maxMessages: 100_000, maxBytes: 64 * mebibyte },
  session: { keepMs: 30_000, maxSessions: 1_000, maxMessages: 1_000, maxBytes: mebibyte },
  limits: {
    maxClients: 1_000,
    maxRooms: 16,
    maxMessageBytes: mebibyte,
    maxBatchMessages: 8_192,
    messagesPerSecond: 2_000,
    inboxBytes: 256 * kibibyte,
    handlerTimeoutMs: 30_000,
    callbackTimeoutMs: 10_000,
    stallTimeoutMs: 10_000,
  },
} as const;

/** Fills in what is left out. Throws {@link InvalidOptionsError} for what cannot be. */
export function resolveChannelOptions(options: ChannelOptions): ResolvedChannelOptions {
  const { clientRooms = [], compatibility = "compatible", malformed = "close" } = options;
  const { logger = silentLogger, clock = backgroundClock } = options;
  const access = { join: "observe", send: "control", ...options.access } as const;
  const resolved: ResolvedChannelOptions = {
    window: { ...defaultWindow, ...options.window },
    outbox: { ...defaults.outbox, ...options.outbox },
    store: { ...defaults.store, ...options.store },
    session: { ...defaults.session, ...options.session },
    access,
    mayChooseRoom: typeof clientRooms === "function" ? clientRooms : (room) => clientRooms.includes(room),
    compatibility,
    malformed,
    limits: { ...defaults.limits, ...options.limits },
    logger,
    clock,
  };
  const { window, outbox, store, session, limits } = resolved;
  checkAccess([access.join, access.send], "access");
  checkNumbers("window", window, 1);
  checkNumbers("outbox", outbox, 1);
  checkNumbers("store", store, 0);
  checkNumbers("session", session, 0);
  checkNumbers("limits", limits, 1);
  if (limits.maxMessageBytes > outbox.maxBytes / 2) {
    throw new InvalidOptionsError(
      `outbox.maxBytes must be at least twice limits.maxMessageBytes, so that a message fits, not ${outbox.maxBytes}`,
    );
  }
  return resolved;
}
