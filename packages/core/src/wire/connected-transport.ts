import type { DescMethod } from "@bufbuild/protobuf";
import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import type { ConnectionStatus, StatusOptions } from "../connection/connection-status.js";
import type { OpenOptions } from "../connection/open-options.js";
import type { StatusFeed } from "../connection/status-feed.js";
import { probeMethod } from "./probe-method.js";
import { watchCancellation } from "./watch-cancellation.js";
import { WireTransport, type WireTransportOptions } from "./wire-transport.js";

/** The one connection of a {@link ConnectedTransport}. */
export interface TransportConnection<C> {
  /** What the connection is doing. */
  readonly status: StatusFeed;
  /** Returns what calls are made on, opening it when needed. */
  open(): Promise<C>;
  /** Closes it for good and resolves when its handles are gone. */
  close(): Promise<void>;
}

/** A {@link WireTransport} whose calls share a connection that can be opened, watched, lost and closed. */
export class ConnectedTransport<C> extends WireTransport implements AsyncDisposable {
  readonly #connection: TransportConnection<C>;

  constructor(connection: TransportConnection<C>, options: WireTransportOptions) {
    super(options);
    this.#connection = connection;
  }

  /** Opens the connection now instead of at the first call. Fails as the connection does, with `Canceled` and `DeadlineExceeded`. */
  async open(options?: OpenOptions): Promise<void> {
    await this.acquire(options);
  }

  /** What the connection is doing now, then every change. */
  status(options?: StatusOptions): AsyncIterableIterator<ConnectionStatus> {
    return this.#connection.status.read(options);
  }

  /** Whether the mod has an RPC; asked without calling it. */
  async supports(method: DescMethod, options?: CallOptions): Promise<boolean> {
    return await probeMethod(this, method, options);
  }

  /** Cancels the calls in flight and closes the connection. May be called more than once. */
  async close(): Promise<void> {
    this.cancelCalls(new ConnectError("the transport was closed", Code.Canceled));
    await this.#connection.close();
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The connection, opened when needed, within the caller's limits. */
  protected async acquire({ signal, timeoutMs }: OpenOptions = {}): Promise<C> {
    const { promise: cancelled, reject } = Promise.withResolvers<never>();
    const stopWatching = watchCancellation(signal, timeoutMs, reject, "connecting");
    try {
      // Who has given up already must not make anything open.
      return await Promise.race(signal?.aborted === true ? [cancelled] : [this.#connection.open(), cancelled]);
    } finally {
      stopWatching();
    }
  }
}
