import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";

/** What a call asks for. */
export interface WireCallRequest {
  readonly method: DescMethod;
  /** Additional headers, in lower case. */
  readonly header?: Headers | undefined;
  /** Cancels the call when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take, in milliseconds; the peer is told as well. Default: no deadline. */
  readonly timeoutMs?: number | undefined;
}

/** Told what happens to a call. Nothing follows `onEnd`, which comes exactly once. */
export interface WireCallListener {
  /** The call is on its way: `send` and `halfClose` can be used. */
  onOpen(): void;
  /** The response headers are there. Not called for a call that fails without them. */
  onHeader(): void;
  /** `release` says that nothing of the message is needed any more, so that its memory can be used again. Nobody has to call it. */
  onMessage(message: Uint8Array, release?: () => void): void;
  /** Resolves when all messages so far were handed to the socket, or never will be. Missing where each is at once. */
  drained?(): Promise<void>;
  /** `error` is `undefined` for the status OK. `isOwnDoing` tells a call that this side cancelled from one that ended. */
  onEnd(error: ConnectError | undefined, isOwnDoing: boolean): void;
}

/** One call, of any kind, in bytes: each message is the encoding of a Protobuf message, without a prefix. */
export interface WireCall {
  /** The response's headers; empty before they came. */
  readonly header: Headers;
  /** The response's trailers; empty before the end. */
  readonly trailer: Headers;
  /** Starts the call. Once, and before everything else. */
  start(): void;
  /** Sends a message. False means that the peer is behind: wait for {@link drained} before the next one. */
  send(message: Uint8Array): boolean;
  /** Sends the only message and half-closes, in one go. */
  sendLast(message: Uint8Array): void;
  /** Resolves when the peer has caught up, or the call is over. */
  drained(): Promise<void>;
  /** Says that no message follows. */
  halfClose(): void;
  /** Stops taking messages, so that the peer is slowed down. One that is being taken may still come. */
  pause(): void;
  /** Takes messages again. */
  resume(): void;
  /** Ends the call with `error` and tells the peer that it is cancelled. Does nothing when the call is over. */
  cancel(error: ConnectError): void;
}

/** Makes a call that `start` starts. */
export type CreateWireCall = (request: WireCallRequest, listener: WireCallListener) => WireCall;
