import { Code, ConnectError } from "@connectrpc/connect";
import { type WireCallListener, type WireCallRequest, watchCancellation } from "@resoio/core/internal";
import { HubCall } from "./hub-call.js";
import type { HubCalls } from "./hub-calls.js";

/** Where the messages of a {@link ServedCall} go. */
export interface Outlet {
  /** The response headers. Without it they are empty. */
  header(header: Headers): void;
  /** `release` says that nothing of the message is needed any more. Nobody has to call it. */
  message(message: Uint8Array, release?: () => void): void;
  end(error: ConnectError | undefined, trailer?: Headers): void;
}

/** Where the messages of a {@link ServedCall} come from. */
export interface Feed {
  pause(): void;
  resume(): void;
  /** Nobody wants messages any more. Not called by the feed's own end alone. */
  leave(error: ConnectError | undefined): void;
}

/**
 * Starts to answer a request. Nothing but the end may come before it returns. Throws a `ConnectError` for a request that cannot
 * be answered.
 */
export type Serve = (request: Uint8Array, outlet: Outlet) => Feed;

/** A call of the kind server streaming that the hub answers itself. */
export class ServedCall extends HubCall {
  header = new Headers();
  trailer = new Headers();
  readonly #request: WireCallRequest;
  readonly #serve: Serve;
  #stopWatching = (): void => {};
  #message: Uint8Array | undefined;
  #feed: Feed | undefined;
  #isHalfClosed = false;
  #isPaused = false;
  #hasHeader = false;

  constructor(calls: HubCalls, request: WireCallRequest, listener: WireCallListener, serve: Serve) {
    super(calls, listener);
    this.#request = request;
    this.#serve = serve;
  }

  send(message: Uint8Array): boolean {
    if (this.isEnded || this.#isHalfClosed) return true;
    if (this.#message === undefined) this.#message = message;
    else this.#refuse("more than one request");
    return true;
  }

  sendLast(message: Uint8Array): void {
    this.send(message);
    this.halfClose();
  }

  async drained(): Promise<void> {}

  halfClose(): void {
    if (this.isEnded || this.#isHalfClosed) return;
    this.#isHalfClosed = true;
    if (this.#message === undefined) this.#refuse("no request");
    else this.#answer(this.#message);
    this.#message = undefined;
  }

  pause(): void {
    this.#isPaused = true;
    this.#feed?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#feed?.resume();
  }

  protected begin(): void {
    const { signal, timeoutMs } = this.#request;
    this.#stopWatching = watchCancellation(signal, timeoutMs, (error) => this.cancel(error));
    if (!this.isEnded) this.listener.onOpen();
  }

  protected release(error: ConnectError | undefined): void {
    this.#stopWatching();
    this.#message = undefined;
    this.#feed?.leave(error);
  }

  #answer(request: Uint8Array): void {
    let feed: Feed;
    try {
      feed = this.#serve(request, {
        header: (header) => this.#announce(header),
        message: (message, release) => {
          this.#announce(new Headers());
          if (!this.isEnded) this.listener.onMessage(message, release);
        },
        end: (error, trailer) => {
          if (trailer !== undefined && !this.isEnded) this.trailer = trailer;
          this.end(error, false);
        },
      });
    } catch (error) {
      this.end(ConnectError.from(error, Code.Internal), false);
      return;
    }
    this.#feed = feed;
    // It may have ended in the meantime, when nobody could tell the feed.
    if (this.isEnded) feed.leave(undefined);
    else if (this.#isPaused) feed.pause();
  }

  #announce(header: Headers): void {
    if (this.isEnded || this.#hasHeader) return;
    this.#hasHeader = true;
    this.header = header;
    this.listener.onHeader();
  }

  #refuse(problem: string): void {
    const { method } = this.#request;
    this.end(
      new ConnectError(`${method.toString()} takes one request and got ${problem}`, Code.InvalidArgument),
      false,
    );
  }
}
