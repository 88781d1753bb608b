import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { LocomotionCommandSchema } from "@resoio/core/gen/resonite_io/v1/locomotion_pb";
import {
  type Clock,
  type CreateWireCall,
  neutralCommand,
  type WireCall,
  type WireCallListener,
  type WireCallRequest,
  watchCancellation,
} from "@resoio/core/internal";
import { HubCall } from "./hub-call.js";
import type { HubCalls } from "./hub-calls.js";
import type { ProxyClient } from "./proxy-client.js";

/** The request header that, with the value `true`, ends another client's drive. */
export const takeOverHeader = "x-resoio-take-over";

/** How long the mod may take to end a drive that another takes the place of. */
const retireMs = 1_000;

/** What a {@link DriveLease} needs. */
export interface DriveLeaseOptions {
  readonly createCall: CreateWireCall;
  readonly calls: HubCalls;
  readonly clock: Clock;
}

/**
 * Lets one call of Locomotion.Drive at a time through to the mod, which would mix the commands of several.
 *
 * A second one fails with `FailedPrecondition` for as long as the first is open, unless it asks to take over by
 * {@link takeOverHeader} and its client has the access `admin`: then the first ends with `Aborted`, and the second begins with
 * an avatar that stands still.
 */
export class DriveLease {
  readonly #options: DriveLeaseOptions;
  #holder: DriveCall | undefined;
  /** The upstream call of who was driven out. The next one waits for its end. */
  #retiring: WireCall | undefined;
  #cancelTimer = (): void => {};

  constructor(options: DriveLeaseOptions) {
    this.#options = options;
  }

  /** Who drives; `undefined` for nobody. */
  get driver(): ProxyClient | undefined {
    return this.#holder?.client;
  }

  createCall(client: ProxyClient, request: WireCallRequest, listener: WireCallListener): WireCall {
    return new DriveCall(this, this.#options, client, request, listener);
  }

  /** For {@link DriveCall}: takes the lease. Returns what the call must end with when that cannot be. */
  acquire(call: DriveCall): ConnectError | undefined {
    const holder = this.#holder;
    if (holder !== undefined && !call.isTakeOver) return refusal(call.client, holder.client);
    this.#holder = call;
    holder?.driveOut();
    if (this.#retiring === undefined) call.open();
    return undefined;
  }

  /** For {@link DriveCall}: gives the lease back. */
  release(call: DriveCall): void {
    if (this.#holder === call) this.#holder = undefined;
  }

  /**
   * For {@link DriveCall}: lets an upstream call come to its end.
   *
   * It is told to stand still and then ended in good order, not cancelled: after a cancel the mod forgets what it is told within
   * the next tick, and that would be the first command of the next driver.
   */
  retire(upstream: WireCall, isHalfClosed: boolean): void {
    this.#retiring = upstream;
    this.#cancelTimer = this.#options.clock.schedule(retireMs, () => {
      upstream.cancel(new ConnectError("the mod did not end the drive", Code.Canceled));
    });
    if (isHalfClosed) return;
    upstream.send(standStill());
    upstream.halfClose();
  }

  /** For {@link DriveCall}: an upstream call has ended that nobody listens to. */
  retired(upstream: WireCall): void {
    if (this.#retiring !== upstream) return;
    this.#retiring = undefined;
    this.#cancelTimer();
    this.#holder?.open();
  }

  /** Stops waiting for a call that retires. */
  close(error: ConnectError): void {
    this.#retiring?.cancel(error);
  }
}

class DriveCall extends HubCall {
  readonly client: ProxyClient;
  readonly isTakeOver: boolean;
  readonly #lease: DriveLease;
  readonly #createCall: CreateWireCall;
  readonly #request: WireCallRequest;
  #stopWatching = (): void => {};
  #upstream: WireCall | undefined;
  #isOpen = false;
  #isHalfClosed = false;
  #isPaused = false;
  #isDrivenOut = false;

  constructor(
    lease: DriveLease,
    { createCall, calls }: DriveLeaseOptions,
    client: ProxyClient,
    request: WireCallRequest,
    listener: WireCallListener,
  ) {
    super(calls, listener);
    this.#lease = lease;
    this.#createCall = createCall;
    this.client = client;
    this.isTakeOver = request.header?.get(takeOverHeader) === "true" && client.access.has("admin");
    this.#request = { ...request, header: withoutTakeOver(request.header) };
  }

  get header(): Headers {
    return this.#upstream?.header ?? new Headers();
  }

  get trailer(): Headers {
    return this.#upstream?.trailer ?? new Headers();
  }

  send(message: Uint8Array): boolean {
    // Who was driven out must not move the avatar while the upstream call comes to its end.
    if (this.isEnded) return true;
    return this.#upstream?.send(message) ?? true;
  }

  sendLast(message: Uint8Array): void {
    if (this.isEnded) return;
    this.#isHalfClosed = true;
    this.#upstream?.sendLast(message);
  }

  async drained(): Promise<void> {
    await this.#upstream?.drained();
  }

  halfClose(): void {
    if (this.isEnded) return;
    this.#isHalfClosed = true;
    this.#upstream?.halfClose();
  }

  pause(): void {
    this.#isPaused = true;
    this.#upstream?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#upstream?.resume();
  }

  /** Makes the upstream call. */
  open(): void {
    if (this.isEnded) return;
    // Without the signal: the client's going must not cut off a call that retires.
    const upstream = this.#createCall(
      { ...this.#request, signal: undefined },
      {
        onOpen: () => {
          this.#isOpen = true;
          if (this.#isPaused) upstream.pause();
          this.listener.onOpen();
        },
        onHeader: () => {
          if (!this.isEnded) this.listener.onHeader();
        },
        onMessage: (message) => {
          if (!this.isEnded) this.listener.onMessage(message);
        },
        onEnd: (error, isOwnDoing) => {
          this.end(error, isOwnDoing);
          this.#lease.retired(upstream);
        },
      },
    );
    this.#upstream = upstream;
    upstream.start();
  }

  /** Ends the call because another takes its place. */
  driveOut(): void {
    this.#isDrivenOut = true;
    this.end(new ConnectError("another client has taken over: this one no longer drives", Code.Aborted), false);
  }

  protected begin(): void {
    const { signal, timeoutMs } = this.#request;
    // The time counts from here, as the call may have to wait before it gets to the mod.
    this.#stopWatching = watchCancellation(signal, timeoutMs, (error) => this.cancel(error));
    if (this.isEnded) return;
    const refused = this.#lease.acquire(this);
    if (refused !== undefined) this.end(refused, false);
  }

  protected release(error: ConnectError | undefined): void {
    this.#stopWatching();
    const upstream = this.#upstream;
    if (upstream !== undefined) {
      if (this.#isDrivenOut && this.#isOpen) this.#lease.retire(upstream, this.#isHalfClosed);
      else upstream.cancel(error ?? new ConnectError("the drive is over", Code.Canceled));
    }
    this.#lease.release(this);
  }
}

function refusal(client: ProxyClient, driver: ProxyClient): ConnectError {
  const who = client === driver ? "this client drives already" : "another client drives";
  const way = client.access.has("admin")
    ? `the header ${takeOverHeader}: true takes over`
    : "a client with the access admin could take over";
  return new ConnectError(`${who}; wait until that drive is over, or ${way}`, Code.FailedPrecondition);
}

/** Headers for the mod, which has nothing to do with taking over. */
function withoutTakeOver(header: Headers | undefined): Headers | undefined {
  if (header?.has(takeOverHeader) !== true) return header;
  const rest = new Headers(header);
  rest.delete(takeOverHeader);
  return rest;
}

/** A command that sets every value back. */
function standStill(): Uint8Array {
  return toBinary(LocomotionCommandSchema, create(LocomotionCommandSchema, neutralCommand));
}
