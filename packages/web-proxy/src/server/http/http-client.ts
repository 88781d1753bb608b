import { Code, ConnectError } from "@connectrpc/connect";
import type { Access } from "@resoio/core";
import { maxTimerMs } from "@resoio/core/internal";
import type { Granted } from "../access/access-policy.js";
import { Counters, type ProxyClient } from "../proxy-client.js";

/** Options of {@link HttpClient}. */
export interface HttpClientOptions {
  readonly id: string;
  readonly granted: Granted;
  readonly address: string;
  readonly upstream: string;
}

/** One HTTP request that carries a call. */
export class HttpClient implements ProxyClient {
  readonly kind = "http";
  readonly id: string;
  readonly access: ReadonlySet<Access>;
  readonly name: string | undefined;
  readonly address: string;
  readonly upstream: string;
  readonly counters = new Counters();
  readonly #ended = new AbortController();
  readonly #expiry: NodeJS.Timeout | undefined;

  constructor({ id, granted, address, upstream }: HttpClientOptions) {
    this.id = id;
    this.access = granted.access;
    this.name = granted.name;
    this.address = address;
    this.upstream = upstream;
    const leftMs = Math.max(0, (granted.expiresAt ?? Infinity) - Date.now());
    // One that is too long for a timer is too long for a request as well.
    if (leftMs > maxTimerMs) return;
    this.#expiry = setTimeout(() => this.end(new ConnectError("the token has expired", Code.Unauthenticated)), leftMs);
  }

  /** Aborted, with a `ConnectError` as its reason, when the call is to be cancelled. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  close(reason: string): void {
    this.end(new ConnectError(reason, Code.Unavailable));
  }

  /** Cancels the call, if it has not come to its end. */
  end(error: ConnectError): void {
    clearTimeout(this.#expiry);
    this.#ended.abort(error);
  }
}
