import { Code, ConnectError } from "@connectrpc/connect";
import { InvalidOptionsError } from "@resoio/core";
import { type ChannelJoin, Channels } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { type Clock, pathOf, type WireCall, type WireCallListener, type WireCallRequest } from "@resoio/core/internal";
import type { CallTarget } from "../call-gate.js";
import { HubCalls } from "../hub-calls.js";
import type { ProxyClient } from "../proxy-client.js";
import { ChannelCall } from "./channel-call.js";
import { type ChannelDoor, doorOf, type JoinedMember } from "./channel-door.js";
import type { MemberLink } from "./member-home.js";

/** The route of the call that joins a channel. */
export const joinPath = pathOf(Channels.method.join);

/** Options of {@link ChannelHost}. */
export interface ChannelHostOptions {
  /** What `createChannel` has made. */
  readonly channels: readonly object[];
  /** The largest message that a client may send, in bytes. */
  readonly maxMessageBytes: number;
  /** How many channels one connection may be in. */
  readonly maxChannels: number;
  readonly clock: Clock;
}

const joinTimeoutMs = 10_000;

/** The channels that a proxy serves. */
export class ChannelHost implements CallTarget {
  readonly #options: ChannelHostOptions;
  readonly #doors: ReadonlyMap<string, ChannelDoor>;
  readonly #calls = new HubCalls();
  readonly #members = new Map<JoinedMember, ProxyClient>();
  /** Those with which the disconnect callbacks are not through. */
  readonly #departing = new Set<JoinedMember>();

  /** Throws {@link InvalidOptionsError} for what is no channel, and for two with one name. */
  constructor(options: ChannelHostOptions) {
    this.#options = options;
    const doors = new Map<string, ChannelDoor>();
    for (const door of options.channels.map(doorOf)) {
      if (doors.has(door.name))
        throw new InvalidOptionsError(`two channels are called ${door.name}: give each its own name`);
      doors.set(door.name, door);
    }
    this.#doors = doors;
  }

  /** Whether there are any. */
  get isEmpty(): boolean {
    return this.#doors.size === 0;
  }

  createCall(client: ProxyClient, request: WireCallRequest, listener: WireCallListener): WireCall {
    const { maxMessageBytes, clock } = this.#options;
    const call: ChannelCall = new ChannelCall({
      calls: this.#calls,
      client,
      request,
      listener: {
        onOpen: () => listener.onOpen(),
        onHeader: () => listener.onHeader(),
        onMessage: (message) => listener.onMessage(message),
        drained: async () => await listener.drained?.(),
        onEnd: (error, isOwnDoing) => {
          this.#onEnd(call.member);
          listener.onEnd(error, isOwnDoing);
        },
      },
      admit: (join, link) => this.#admit(join, link),
      maxMessageBytes,
      joinTimeoutMs,
      clock,
    });
    return call;
  }

  /** Lets nobody in any more, sends what waits, and ends all calls with `Unavailable`. */
  async drain(reason: string): Promise<void> {
    this.#calls.refuse(new ConnectError(reason, Code.Unavailable));
    await Promise.all([...this.#members.keys()].map((member) => member.stop(reason)));
  }

  /**
   * Lets nobody in any more, and ends all calls with `Unavailable`, without what waits. Resolves when the disconnect callbacks are through
   * with all clients.
   */
  async close(reason: string): Promise<void> {
    const error = new ConnectError(reason, Code.Unavailable);
    this.#calls.refuse(error);
    for (const member of [...this.#members.keys()]) member.finish("stopped", Code.Unavailable, reason);
    this.#calls.abortAll(error);
    await Promise.all([...this.#departing].map((member) => member.departed()));
  }

  #onEnd(member: JoinedMember | undefined): void {
    if (member === undefined || !this.#members.delete(member)) return;
    this.#departing.add(member);
    // The member itself says so first, and then its channel has the callbacks.
    queueMicrotask(() => void member.departed().then(() => this.#departing.delete(member)));
  }

  #admit(join: ChannelJoin, link: MemberLink): JoinedMember {
    const door = this.#doors.get(join.channel);
    if (door === undefined) {
      const names = [...this.#doors.keys()].join(", ") || "none";
      const wanted = JSON.stringify(join.channel.slice(0, 100));
      throw new ConnectError(`there is no channel ${wanted} here: there is ${names}`, Code.NotFound);
    }
    const { maxChannels } = this.#options;
    const joined = [...this.#members.values()].filter((client) => client === link.client).length;
    if (joined >= maxChannels) {
      throw new ConnectError(`a connection may be in ${maxChannels} channels, and no more`, Code.ResourceExhausted);
    }
    const member = door.admit(join, link);
    this.#members.set(member, link.client);
    // A connect callback may have sent it away at once.
    if (member.state === "closed") this.#onEnd(member);
    return member;
  }
}
