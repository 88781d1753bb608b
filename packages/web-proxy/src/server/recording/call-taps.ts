import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { type CallTap, type Moment, type Recording, readMoment } from "@resoio/recording";
import type { ProxyClient } from "../proxy-client.js";

/** A call that goes through the proxy. */
export interface TappableCall {
  readonly method: DescMethod;
  /** Name of the upstream that it goes to. */
  readonly upstream: string;
  /** Who makes it; `undefined` for the proxy itself, which makes one call for all who want the same stream. */
  readonly client: ProxyClient | undefined;
  /** Whether its responses come from a call that the proxy has made. */
  readonly isShared: boolean;
}

/** A {@link CallTap} that knows whether anybody listens. */
export interface ProxyCallTap extends CallTap {
  /** Whether a recording keeps the bytes that it is told of now: until they are stored, so their memory must not be used again. */
  readonly isKeeping: boolean;
}

/** Which calls a recording is told of. */
export interface TapScope {
  /** Only those of this client, with all that it gets. Default: those of all, and what they share only once. */
  readonly client?: ProxyClient | undefined;
  /** Only those to this upstream. Default: to all. */
  readonly upstream?: string | undefined;
}

/** Tells recordings of the calls that go through. Without a recording that costs a call nothing worth measuring. */
export class CallTaps {
  readonly #recordings = new Map<Recording, TapScope>();
  readonly #calls = new Set<TappedCall>();

  /** A call begins. Whoever carries it tells what is returned. */
  open(call: TappableCall): ProxyCallTap {
    const tapped = new TappedCall(call, () => this.#calls.delete(tapped));
    this.#calls.add(tapped);
    if (this.#recordings.size === 0) return tapped;
    const at = readMoment();
    for (const [recording, scope] of this.#recordings) tapped.add(recording, scope, at);
    return tapped;
  }

  /** Tells a recording of all calls from now on, those that are under way included. */
  add(recording: Recording, scope: TapScope): void {
    this.#recordings.set(recording, scope);
    const at = readMoment();
    for (const call of this.#calls) call.add(recording, scope, at);
  }

  /** Tells a recording nothing any more. */
  delete(recording: Recording): void {
    if (!this.#recordings.delete(recording)) return;
    for (const call of this.#calls) call.delete(recording);
  }
}

class TappedCall implements ProxyCallTap {
  readonly #call: TappableCall;
  readonly #onOver: () => void;
  /** In a list: with many recordings, a map for every call would cost more than all that they are told. */
  #taps: { readonly recording: Recording; readonly tap: CallTap }[] = [];
  /** What was asked for, for recordings that begin later: a stream cannot be understood without. */
  #request: Uint8Array | undefined;

  constructor(call: TappableCall, onOver: () => void) {
    this.#call = call;
    this.#onOver = onOver;
  }

  get isKeeping(): boolean {
    return this.#taps.length > 0;
  }

  add(recording: Recording, scope: TapScope, at: Moment): void {
    const { method, client, upstream, isShared } = this.#call;
    if (scope.client !== undefined && scope.client !== client) return;
    if (scope.upstream !== undefined && scope.upstream !== upstream) return;
    const tap = recording.call(method, {
      client: client?.id,
      // For the recording of one client, that client's call is the only one.
      isShared: isShared && scope.client === undefined,
      at,
    });
    if (tap === undefined) return;
    this.#taps.push({ recording, tap });
    if (this.#request !== undefined) tap.request(this.#request, at);
  }

  delete(recording: Recording): void {
    this.#taps = this.#taps.filter((known) => known.recording !== recording);
  }

  request(message: Uint8Array): void {
    if (this.#call.method.methodKind === "server_streaming") this.#request ??= message;
    this.#tell((tap, at) => tap.request(message, at));
  }

  response(message: Uint8Array): void {
    this.#tell((tap, at) => tap.response(message, at));
  }

  halfClose(): void {
    this.#tell((tap, at) => tap.halfClose(at));
  }

  end(error: ConnectError | undefined): void {
    this.#onOver();
    this.#tell((tap, at) => tap.end(error, at));
    this.#taps = [];
  }

  #tell(tell: (tap: CallTap, at: Moment) => void): void {
    if (this.#taps.length === 0) return;
    const at = readMoment();
    for (const { tap } of this.#taps) tell(tap, at);
  }
}
