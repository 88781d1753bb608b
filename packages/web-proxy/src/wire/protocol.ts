/** The version that this package speaks, as a WebSocket subprotocol. docs/websocket-protocol.md describes it. */
export const subprotocol = "resoio.v1";

/** In front of a token, among the subprotocols that a client offers: browsers cannot send headers with a WebSocket. */
export const tokenSubprotocolPrefix = "resoio.token.";

/** What a frame is. */
export const frameTypes = {
  hello: 1,
  open: 2,
  data: 3,
  halfClose: 4,
  header: 5,
  end: 6,
  cancel: 7,
  credit: 8,
  ping: 9,
  pong: 10,
} as const;

/** The number of a kind of frame. */
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];

/** Why a connection was closed. */
export const closeCodes = {
  /** Either side is done. */
  done: 1000,
  /** The proxy is stopping. */
  goingAway: 1001,
  /** What came is no frame, or a frame that must not come there. */
  protocolError: 4400,
  /** The token has expired. */
  unauthorized: 4401,
  /** More data came than there was credit for. */
  flowControl: 4402,
  /** A call number that was used before, or is 0. */
  badCallId: 4403,
  /** The client does not read what it asked for. */
  notReading: 4408,
  /** A heartbeat was not answered. */
  heartbeatMissed: 4409,
  /** No call for a long time. */
  idle: 4410,
  /** More calls or frames per second than are allowed. */
  tooFast: 4429,
} as const;

/** The most payload that one frame may have, in bytes. */
export const maxFrameBytes = 64 * 1024;

/** The most payload that a DATA frame is sent with, in bytes: so long may it keep other calls waiting. */
export const maxDataBytes = 32 * 1024;

/** The largest WebSocket message, which holds the frames of a tick, in bytes. */
export const maxBatchBytes = 1024 * 1024;

/** No credit may grow beyond this, in bytes. */
export const maxCredit = 2 ** 31 - 1;
