import type { DescMethod } from "@bufbuild/protobuf";
import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import type { ConnectionStatus, ResoniteTransport, StatusOptions } from "@resoio/core";
import { pathOf, StatusFeed, transportClosedError, WireTransport, watchCancellation } from "@resoio/core/internal";
import { findRoute, type Route, type Routes } from "../server/routes.js";
import { InProcessCall } from "./in-process-call.js";

/** Options of {@link createInProcessTransport}. */
export interface InProcessTransportOptions {
  readonly routes: Routes;
  /** Aborted when the mod goes away. Its reason, a `ConnectError`, is what calls fail with from then on. */
  readonly shutdownSignal: AbortSignal;
}

/** A Connect transport that carries calls to a simulated mod in the same process, in the bytes that a socket would carry. */
export interface InProcessTransport extends ResoniteTransport {
  /** `connected` from the start; `lost` and then `idle` when the mod is closed, for good; `closed` when this is. */
  status(options?: StatusOptions): AsyncIterableIterator<ConnectionStatus>;
  /**
   * Whether the mod has an RPC. Nothing of the question shows in the journal.
   *
   * Fails with `Unavailable` when the mod is closed, and with `FailedPrecondition` when this is.
   */
  supports(method: DescMethod, options?: CallOptions): Promise<boolean>;
  /** Cancels the calls in flight. Later ones fail with `FailedPrecondition`. May be called more than once. */
  close(): Promise<void>;
  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes a transport that reaches the handlers without a socket. */
export function createInProcessTransport(options: InProcessTransportOptions): InProcessTransport {
  return new InProcessTransportImpl(options);
}

class InProcessTransportImpl extends WireTransport implements InProcessTransport {
  readonly #findRoute: (method: DescMethod) => Route | ConnectError;
  readonly #shutdownSignal: AbortSignal;
  readonly #status: StatusFeed;
  readonly #onShutdown = (): void => {
    this.#status.publish({ state: "lost", reason: shutdownError(this.#shutdownSignal) });
    this.#status.publish({ state: "idle" });
  };

  constructor({ routes, shutdownSignal }: InProcessTransportOptions) {
    const status = new StatusFeed({ state: shutdownSignal.aborted ? "idle" : "connected" });
    const find = (method: DescMethod): Route | ConnectError => {
      if (status.current.state === "closed") return transportClosedError();
      if (shutdownSignal.aborted) return shutdownError(shutdownSignal);
      return findRoute(routes, pathOf(method));
    };
    super({
      createCall: (request, listener) => new InProcessCall({ ...request, findRoute: find, shutdownSignal }, listener),
    });
    this.#findRoute = find;
    this.#shutdownSignal = shutdownSignal;
    this.#status = status;
    shutdownSignal.addEventListener("abort", this.#onShutdown);
  }

  status(options?: StatusOptions): AsyncIterableIterator<ConnectionStatus> {
    return this.#status.read(options);
  }

  async supports(method: DescMethod, { signal }: CallOptions = {}): Promise<boolean> {
    // There is nothing to wait for: only a signal that is aborted already counts.
    const stopWatching = watchCancellation(signal, undefined, (error) => {
      throw error;
    });
    stopWatching();
    const route = this.#findRoute(method);
    if (!(route instanceof ConnectError)) return true;
    if (route.code === Code.Unimplemented) return false;
    throw route;
  }

  async close(): Promise<void> {
    this.#shutdownSignal.removeEventListener("abort", this.#onShutdown);
    this.cancelCalls(new ConnectError("the transport was closed", Code.Canceled));
    this.#status.publish({ state: "closed" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function shutdownError({ reason }: AbortSignal): ConnectError {
  return ConnectError.from(reason, Code.Unavailable);
}
