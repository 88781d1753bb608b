import { Code, ConnectError } from "@connectrpc/connect";
import { rpcs } from "@resoio/core";
import type { WireCall, WireCallListener, WireCallRequest } from "@resoio/core/internal";
import { networkOf } from "./access/network-of.js";
import type { RateLimiter } from "./access/rate-limiter.js";
import { type CallableRpc, callableRpcs } from "./callable-rpcs.js";
import { takeOverHeader } from "./drive-lease.js";
import { forwardedHeaders } from "./forwarded-headers.js";
import type { OpenCalls } from "./open-calls.js";
import type { ProxyClient } from "./proxy-client.js";
import type { ProxyCallTap, TappableCall } from "./recording/call-taps.js";
import { RefusedCall } from "./refused-call.js";

/** What a client asks for. */
export interface GateRequest {
  /** The route of the RPC: `/resonite_io.v1.<Service>/<Method>`. */
  readonly path: string;
  /** What came with it. Only what the client added by himself is passed on. */
  readonly header?: Headers | undefined;
  /** Cancels the call when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take, in milliseconds. Default: no deadline. */
  readonly timeoutMs?: number | undefined;
}

/** Every call of every client goes through here: it decides whether it may be made, and counts it. */
export interface CallGate {
  /**
   * Makes a call. One that is refused ends when it is started: `Unimplemented` for an unknown path, `PermissionDenied` for one
   * that the client may not use, `ResourceExhausted` for too many, `Unavailable` while the proxy is stopping.
   */
  createCall(client: ProxyClient, request: GateRequest, listener: WireCallListener): WireCall;
}

/** Where the calls go that are let through. */
export interface CallTarget {
  createCall(client: ProxyClient, request: WireCallRequest, listener: WireCallListener): WireCall;
}

/** Told of the calls that were let through, or not. */
export interface CallObserver {
  onCallEnd(call: {
    readonly upstream: string;
    /** `undefined` for a path that is no RPC. */
    readonly rpc: CallableRpc | undefined;
    /** `undefined` for a call that succeeded. */
    readonly code: Code | undefined;
    readonly durationMs: number;
  }): void;
}

/** Options of {@link createCallGate}. */
export interface CallGateOptions {
  readonly hub: CallTarget;
  readonly openCalls: OpenCalls;
  /** How many calls a client may make. */
  readonly callRate: RateLimiter;
  /** How many attempts at signing in may be made from one place. */
  readonly loginRate: RateLimiter;
  readonly observer?: CallObserver;
  /** Told of each call that was let through. Default: nobody. */
  readonly tap?: ((call: Omit<TappableCall, "upstream">) => ProxyCallTap) | undefined;
}

/** Makes the gate in front of one upstream. Several gates may share their rates and their open calls. */
export function createCallGate(options: CallGateOptions): CallGate {
  return {
    createCall(client, request, listener) {
      const rpc = callableRpcs.get(request.path);
      const refusal =
        options.openCalls.refusal ??
        rateRefusal(options, client) ??
        accessRefusal(client, request.path) ??
        loginRefusal(options, client, request.path);
      if (rpc === undefined || refusal !== undefined) {
        const error = refusal ?? unknownRpc(request.path);
        client.counters.calls++;
        options.observer?.onCallEnd({ upstream: client.upstream, rpc, code: error.code, durationMs: 0 });
        return new RefusedCall(error, listener);
      }
      return new GatedCall(options, client, rpc, request, listener);
    },
  };
}

/** Why a client may not call the RPC at `path`, whatever is in the request; `undefined` when he may. */
export function accessRefusal({ access }: ProxyClient, path: string): ConnectError | undefined {
  const rpc = callableRpcs.get(path);
  if (rpc === undefined) return unknownRpc(path);
  if (rpc.access !== undefined && access.has(rpc.access)) return undefined;
  const needed = rpc.access === undefined ? "a right that nobody has" : `the right "${rpc.access}"`;
  const has = access.size === 0 ? "none" : [...access].join(", ");
  return new ConnectError(
    `${rpc.id} needs ${needed}; this client has ${has}. A token or --grant can give it.`,
    Code.PermissionDenied,
  );
}

function rateRefusal({ callRate }: CallGateOptions, client: ProxyClient): ConnectError | undefined {
  // An HTTP request is a client of its own, so there it is the place that counts.
  if (callRate.take(client.kind === "http" ? `from ${networkOf(client.address)}` : client.id)) return undefined;
  return new ConnectError("too many calls per second: wait a moment", Code.ResourceExhausted);
}

function loginRefusal(
  { loginRate }: CallGateOptions,
  { address, name }: ProxyClient,
  path: string,
): ConnectError | undefined {
  if (path !== rpcs["auth.login"].path) return undefined;
  const keys = [`from ${networkOf(address)}`, ...(name === undefined ? [] : [`by ${name}`])];
  // All of them are charged, so that neither another place nor another token gives more attempts.
  const isFree = keys.map((key) => loginRate.take(key)).every(Boolean);
  if (isFree) return undefined;
  return new ConnectError("too many attempts to sign in: wait a minute", Code.ResourceExhausted);
}

function unknownRpc(path: string): ConnectError {
  return new ConnectError(`there is no RPC at ${JSON.stringify(path.slice(0, 200))}`, Code.Unimplemented);
}

/** A call that was let through: it is counted, and shows only headers that may pass. */
class GatedCall implements WireCall {
  readonly #options: CallGateOptions;
  readonly #client: ProxyClient;
  readonly #rpc: CallableRpc;
  readonly #listener: WireCallListener;
  readonly #call: WireCall;
  #tap: ProxyCallTap | undefined;
  #startMs = 0;

  constructor(
    options: CallGateOptions,
    client: ProxyClient,
    rpc: CallableRpc,
    { path, header, signal, timeoutMs }: GateRequest,
    listener: WireCallListener,
  ) {
    this.#options = options;
    this.#client = client;
    this.#rpc = rpc;
    this.#listener = listener;
    // The hub reads it, and passes it on to nobody.
    const kept = path === rpcs["locomotion.drive"].path ? takeOverHeader : undefined;
    const forwarded = header === undefined ? undefined : forwardedHeaders(header, kept);
    const request = { method: rpc.method, header: forwarded, signal, timeoutMs };
    this.#call = options.hub.createCall(client, request, {
      onOpen: () => listener.onOpen(),
      onHeader: () => listener.onHeader(),
      onMessage: (message, release) => this.#onMessage(message, release),
      drained: async () => await listener.drained?.(),
      onEnd: (error, isOwnDoing) => this.#onEnd(error, isOwnDoing),
    });
  }

  get header(): Headers {
    return forwardedHeaders(this.#call.header);
  }

  get trailer(): Headers {
    return forwardedHeaders(this.#call.trailer);
  }

  start(): void {
    this.#startMs = performance.now();
    const { method, recorded } = this.#rpc;
    if (recorded !== "elsewhere") {
      this.#tap = this.#options.tap?.({ method, client: this.#client, isShared: recorded === "shared" });
    }
    this.#client.counters.calls++;
    this.#client.counters.openCalls++;
    this.#options.openCalls.add(this);
    this.#call.start();
  }

  send(message: Uint8Array): boolean {
    this.#countIn(message);
    return this.#call.send(message);
  }

  sendLast(message: Uint8Array): void {
    this.#countIn(message);
    this.#tap?.halfClose();
    this.#call.sendLast(message);
  }

  async drained(): Promise<void> {
    await this.#call.drained();
  }

  halfClose(): void {
    this.#tap?.halfClose();
    this.#call.halfClose();
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  cancel(error: ConnectError): void {
    this.#call.cancel(error);
  }

  #countIn(message: Uint8Array): void {
    this.#client.counters.messagesIn++;
    this.#client.counters.bytesIn += message.byteLength;
    this.#tap?.request(message);
  }

  #onMessage(message: Uint8Array, release?: () => void): void {
    this.#client.counters.messagesOut++;
    this.#client.counters.bytesOut += message.byteLength;
    this.#tap?.response(message);
    // A recording keeps what it was told of until it is stored.
    this.#listener.onMessage(message, this.#tap?.isKeeping === true ? undefined : release);
  }

  #onEnd(error: ConnectError | undefined, isOwnDoing: boolean): void {
    this.#client.counters.openCalls--;
    this.#options.openCalls.delete(this);
    this.#tap?.end(error);
    this.#options.observer?.onCallEnd({
      upstream: this.#client.upstream,
      rpc: this.#rpc,
      code: error?.code,
      durationMs: performance.now() - this.#startMs,
    });
    this.#listener.onEnd(error, isOwnDoing);
  }
}
