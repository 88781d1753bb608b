import type { IncomingHttpHeaders } from "node:http2";

/** A header field of a request, its name in lower case. */
export type HeaderField = readonly [name: string, value: string];

/** Options of {@link OpenSession}. */
export interface SessionOptions {
  /** The socket. */
  readonly path: string;
  /** How much the peer may send ahead on one stream, in bytes. */
  readonly streamWindowBytes: number;
  /** How much the peer may send ahead on all streams together, in bytes. */
  readonly connectionWindowBytes: number;
  /** The peer's settings have come: it speaks HTTP/2. */
  readonly onReady: () => void;
  /** The peer takes no new streams. */
  readonly onGoaway: () => void;
  /** It is over, and its handles are gone. The cause is missing when the peer hung up in good order, or `destroy` had none. */
  readonly onClose: (cause: Error | undefined) => void;
}

/** Opens an HTTP/2 connection over a Unix domain socket. What goes wrong is told by `onClose`. */
export type OpenSession = (options: SessionOptions) => Session;

/** One HTTP/2 connection, client side. */
export interface Session {
  /** Whether new requests can be made. */
  readonly isUsable: boolean;
  /** Whether it is over, not just closed to new requests. */
  readonly isOver: boolean;
  /** Whether the bytes that it hands to `onData` are overwritten after the call. */
  readonly reusesChunks: boolean;
  /** How many bytes have come, for those who want to know whether any come. */
  readonly bytesRead: number;
  /** Starts a request. Throws when that is not possible any more. */
  request(fields: readonly HeaderField[], listener: RequestListener): RequestStream;
  /** Asks the peer for a sign of life. */
  ping(onAnswer: () => void): void;
  /** Keeps the process alive. */
  ref(): void;
  /** Lets the process end. */
  unref(): void;
  /** Ends it at once, also when the peer does not read any more. Requests that are open fail with `cause`. */
  destroy(cause?: Error): void;
}

/** Told what the peer answers. Nothing follows `onEnd`, except `onClose`. */
export interface RequestListener {
  onHeaders(headers: IncomingHttpHeaders): void;
  onData(bytes: Uint8Array): void;
  onTrailers(headers: IncomingHttpHeaders): void;
  /** The peer has said all. */
  onEnd(): void;
  /** The stream is gone; the last that is told. Not told after `cancel`. */
  onClose(end: StreamClosing): void;
}

/** How a stream came to its close. */
export interface StreamClosing {
  /** The HTTP/2 error code that it was reset with; 0 when it was not. */
  readonly resetCode: number;
  /** Whether the connection is gone, or the peer never saw the request. */
  readonly isLost: boolean;
  /** Whether all that had come was handed on. */
  readonly isAllRead: boolean;
  readonly cause: Error | undefined;
}

/** One request, on its way. */
export interface RequestStream {
  /** Sends bytes. False means that they wait for the peer: wait for {@link drained} before the next. */
  write(bytes: Uint8Array): boolean;
  /** Resolves when what was written has gone out, or the stream is over. */
  drained(): Promise<void>;
  /** Half-closes, after `bytes` if there are any. */
  end(bytes?: Uint8Array): void;
  /** Stops taking the answer, so that the peer is slowed down once the stream's window is used up. */
  pause(): void;
  resume(): void;
  /** Resets the stream as cancelled, without a half-close in front of it. */
  cancel(): void;
  /** Gives up what is still to be sent, because the peer has said all. */
  stopSending(): void;
}
