import { Code, ConnectError } from "@connectrpc/connect";
import type { ChannelJoin } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { type Clock, type WireCallListener, type WireCallRequest, watchCancellation } from "@resoio/core/internal";
import { HubCall } from "../hub-call.js";
import type { HubCalls } from "../hub-calls.js";
import type { ProxyClient } from "../proxy-client.js";
import type { JoinedMember } from "./channel-door.js";
import type { MemberLink } from "./member-home.js";
import { decodeUp } from "./up-messages.js";

/** Options of {@link ChannelCall}. */
export interface ChannelCallOptions {
  readonly calls: HubCalls;
  readonly client: ProxyClient;
  readonly request: WireCallRequest;
  readonly listener: WireCallListener;
  /** Lets the caller into the channel that he asks for, or throws a `ConnectError`. */
  readonly admit: (join: ChannelJoin, link: MemberLink) => JoinedMember;
  /** The largest message that the client may send, in bytes. */
  readonly maxMessageBytes: number;
  /** How long the client may take to say which channel it wants, in milliseconds. */
  readonly joinTimeoutMs: number;
  readonly clock: Clock;
}

/** A call of Channels.Join: the way of one client to one channel and back. */
export class ChannelCall extends HubCall {
  readonly header = new Headers();
  readonly trailer = new Headers();
  readonly #options: ChannelCallOptions;
  #member: JoinedMember | undefined;
  #isPaused = false;
  #hasHeader = false;
  #stopWatching = (): void => {};
  #cancelJoinTimeout = (): void => {};

  constructor(options: ChannelCallOptions) {
    super(options.calls, options.listener);
    this.#options = options;
  }

  /** Who came in with it. */
  get member(): JoinedMember | undefined {
    return this.#member;
  }

  send(message: Uint8Array): boolean {
    if (this.isEnded) return true;
    if (this.#member !== undefined) return this.#member.takeUp(message);
    try {
      this.#join(message);
    } catch (error) {
      this.end(ConnectError.from(error, Code.Internal), false);
    }
    return true;
  }

  sendLast(message: Uint8Array): void {
    this.send(message);
    this.halfClose();
  }

  async drained(): Promise<void> {
    await this.#member?.drained();
  }

  halfClose(): void {
    if (this.#member !== undefined) this.#member.halfClose();
    else this.end(new ConnectError("the client said nothing", Code.InvalidArgument), false);
  }

  pause(): void {
    this.#isPaused = true;
    this.#member?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#member?.resume();
  }

  protected begin(): void {
    const { request, clock, joinTimeoutMs } = this.#options;
    this.#stopWatching = watchCancellation(request.signal, request.timeoutMs, (error) => this.cancel(error));
    if (this.isEnded) return;
    this.#cancelJoinTimeout = clock.schedule(joinTimeoutMs, () =>
      this.end(new ConnectError("the client did not say which channel it wants", Code.DeadlineExceeded), false),
    );
    this.listener.onOpen();
  }

  protected release(error: ConnectError | undefined): void {
    this.#stopWatching();
    this.#cancelJoinTimeout();
    // Does nothing when it was the member that ended the call.
    this.#member?.finish("lost", error?.code ?? Code.Canceled, error?.rawMessage ?? "the call is over");
  }

  #join(message: Uint8Array): void {
    const { client, admit, maxMessageBytes } = this.#options;
    const { kind } = decodeUp(message);
    if (kind.case !== "join") {
      throw new ConnectError("the first message of a channel must be the join", Code.InvalidArgument);
    }
    this.#cancelJoinTimeout();
    const member = admit(kind.value, {
      client,
      maxMessageBytes,
      deliver: (down) => this.#deliver(down),
      drained: async () => {
        if (!this.isEnded) await this.listener.drained?.();
      },
      // Not behind what waits for a client that takes nothing.
      end: (error) => this.end(error, true),
    });
    this.#member = member;
    if (this.#isPaused) member.pause();
  }

  #deliver(message: Uint8Array): void {
    if (this.isEnded) return;
    if (!this.#hasHeader) {
      this.#hasHeader = true;
      this.listener.onHeader();
    }
    this.listener.onMessage(message);
  }
}
