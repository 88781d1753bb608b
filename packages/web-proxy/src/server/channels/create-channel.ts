import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { InvalidOptionsError } from "@resoio/core";
import type { ChannelJoin } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import type { AtomicOptions, HeldGroup, HeldGroupOptions } from "../../channels/atomic-groups.js";
import { BatchEncoder } from "../../channels/batch-encoder.js";
import { Callbacks } from "../../channels/callbacks.js";
import type { ChannelSchema, DownInits, DownName, UpMessages } from "../../channels/channel-schema.js";
import { groupView } from "../../channels/group-view.js";
import type { Unsubscribe } from "../../channels/handlers.js";
import { MessageListeners } from "../../channels/message-listeners.js";
import type { OutgoingMessage } from "../../channels/outgoing.js";
import type { SendReceipt } from "../../channels/send-receipt.js";
import { WindowSchedulers } from "../../channels/window-schedulers.js";
import type {
  BroadcastOptions,
  BroadcastResult,
  Channel,
  ChannelCloseSummary,
  ChannelErrorContext,
  ChannelGroup,
  ChannelRoom,
  ChannelState,
  ChannelStats,
  ConnectOptions,
  ObservedMessage,
} from "./channel.js";
import type { ChannelClient, ClientGroup, ClientId, Disconnect, SendOptions } from "./channel-client.js";
import { type ChannelDoor, doors, type JoinedMember } from "./channel-door.js";
import { ChannelEntrance } from "./channel-entrance.js";
import type { ChannelMember } from "./channel-member.js";
import { type ChannelOptions, type ResolvedChannelOptions, resolveChannelOptions } from "./channel-options.js";
import { ChannelOutput } from "./channel-output.js";
import type { Addressed } from "./fan-out.js";
import type { MemberHome, MemberLink } from "./member-home.js";
import { stateView } from "./pending-messages.js";

/**
 * Makes a channel: messages of one's own between a program and those who join it through a proxy, see `createProxy({ channels })` and
 * `joinChannel`. It lives until it is closed; the proxies that it is given to come and go.
 *
 * Throws {@link InvalidOptionsError} for options that cannot be.
 */
export function createChannel<S extends ChannelSchema>(schema: S, options: ChannelOptions = {}): Channel<S> {
  return new ChannelImpl(schema, resolveChannelOptions(options));
}

/** Where the end of a recorded group is missing, what there is of it is sent after a while. */
const replayedGroup: HeldGroupOptions = { maxHoldMs: 1_000, onTimeout: "commit" };

/** The parts of a channel, put together. */
class ChannelImpl<S extends ChannelSchema>
  extends MessageListeners<UpMessages<S>, ChannelClient<S>>
  implements Channel<S>, MemberHome<S>
{
  readonly name: string;
  readonly schema: S;
  readonly options: ResolvedChannelOptions;
  readonly schedulers: WindowSchedulers;
  readonly encoder: BatchEncoder;
  readonly state: ChannelState;
  readonly listeners = this;
  readonly #output: ChannelOutput<ChannelMember<S>>;
  readonly #entrance: ChannelEntrance<S>;
  readonly #errorCallbacks = new Callbacks<[unknown, ChannelErrorContext<S>]>();
  readonly #observers = new Callbacks<[ObservedMessage<S>]>();
  readonly #resetCallbacks = new Callbacks<[]>();

  constructor(schema: S, options: ResolvedChannelOptions) {
    super();
    const { clock } = options;
    this.name = schema.name;
    this.schema = schema;
    this.options = options;
    this.schedulers = new WindowSchedulers(clock, options.window.ms);
    this.encoder = new BatchEncoder(clock);
    this.#entrance = new ChannelEntrance<S>({
      schema,
      options,
      home: () => this,
      canResume: (session, sequence) => this.#output.canResume(session, sequence),
      report: (error, context) => this.report(error, context),
    });
    this.#output = new ChannelOutput({
      schema,
      options,
      receivers: () => this.#entrance.members.values(),
      leastCursor: () => this.#entrance.leastCursor,
      onSent: (addressed, followingInGroup) => this.#observeDown(addressed, followingInGroup),
      onNotKept: (error, messageName) => this.report(error, { during: "message", client: undefined, messageName }),
    });
    this.state = stateView(() => this.#output.store, clock);
    doors.set(this, this.#door());
  }

  get clients(): ReadonlyMap<ClientId, ChannelClient<S>> {
    return this.#entrance.members;
  }

  get rooms(): readonly string[] {
    return this.#output.rooms.names;
  }

  takePlace(): number {
    return this.#output.takePlace();
  }

  get stats(): ChannelStats {
    const { budget, sentMessages } = this.#output;
    return {
      clients: this.#entrance.members.size,
      keptMessages: budget.messages,
      keptBytes: budget.bytes,
      sentMessages,
      unsentMessages: this.#entrance.unsentMessages,
    };
  }

  broadcast<Name extends DownName<S>>(
    name: Name,
    message: DownInits<S>[Name],
    options?: BroadcastOptions,
  ): BroadcastResult {
    return this.#output.broadcast(name, message, options);
  }

  send<Name extends DownName<S>>(
    member: ChannelMember<S>,
    name: Name,
    message: DownInits<S>[Name],
    options: SendOptions | undefined,
  ): SendReceipt {
    return this.#output.send(member, name, message, options);
  }

  room(name: string): ChannelRoom<S> {
    const { rooms } = this.#output;
    return {
      name,
      get clients() {
        return [...rooms.members(name)];
      },
      state: stateView(() => rooms.store(name), this.options.clock),
      broadcast: (messageName, message, options) => this.broadcast(messageName, message, { ...options, room: name }),
    };
  }

  atomic<T>(work: () => T, options?: AtomicOptions): T {
    return this.#output.atomic(work, options);
  }

  begin(options?: HeldGroupOptions): ChannelGroup<S> {
    const group = this.#output.begin(options);
    return groupView(group, {
      broadcast: <Name extends DownName<S>>(
        name: Name,
        message: DownInits<S>[Name],
        broadcastOptions?: BroadcastOptions,
      ) => this.#output.broadcast(name, message, broadcastOptions, group),
      send: <Name extends DownName<S>>(
        client: ChannelClient<S>,
        name: Name,
        message: DownInits<S>[Name],
        sendOptions?: SendOptions,
      ) => this.#sendIn(group, client, name, message, sendOptions),
    });
  }

  beginFor(member: ChannelMember<S>, options: HeldGroupOptions | undefined): ClientGroup<S> {
    const group = this.#output.begin(options);
    return groupView(group, {
      send: <Name extends DownName<S>>(name: Name, message: DownInits<S>[Name], sendOptions?: SendOptions) =>
        this.#sendIn(group, member, name, message, sendOptions),
    });
  }

  async flush(): Promise<void> {
    const welcomed = [...this.#entrance.members.values()].filter(({ state }) => state !== "connecting");
    await Promise.all(welcomed.map((member) => member.flush()));
  }

  onConnect(callback: (client: ChannelClient<S>) => unknown, options: ConnectOptions = {}): Unsubscribe {
    return this.#entrance.onConnect(callback, options);
  }

  onReady(callback: (client: ChannelClient<S>) => unknown): Unsubscribe {
    return this.#entrance.onReady(callback);
  }

  onDisconnect(callback: (client: ChannelClient<S>, disconnect: Disconnect) => unknown): Unsubscribe {
    return this.#entrance.onDisconnect(callback);
  }

  onError(callback: (error: unknown, context: ChannelErrorContext<S>) => void): Unsubscribe {
    return this.#errorCallbacks.add(callback);
  }

  reset(reason = `the channel ${this.name} begins anew`): void {
    this.#output.reset();
    this.#resetCallbacks.callAtOnce([], (error) =>
      this.report(error, { during: "observe", client: undefined, messageName: undefined }),
    );
    // They join again, and have to ask for all of it.
    for (const member of [...this.#entrance.members.values()]) member.close(reason, Code.Unavailable);
  }

  observe(observer: (message: ObservedMessage<S>) => void): Unsubscribe {
    return this.#observers.add(observer);
  }

  async close({
    drainMs = 5_000,
    reason = `the channel ${this.name} was closed`,
  }: {
    readonly drainMs?: number;
    readonly reason?: string;
  } = {}): Promise<ChannelCloseSummary> {
    const before = this.#entrance.unsentMessages;
    this.#output.close();
    await this.#entrance.close(reason, drainMs);
    this.encoder.clear();
    return { unsentMessages: this.#entrance.unsentMessages - before };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ drainMs: 0 });
  }

  enter(member: ChannelMember<S>, room: string): void {
    this.#output.enter(member, room);
  }

  keptIn(room: string, after: number): Iterator<OutgoingMessage> {
    return this.#output.keptIn(room, after);
  }

  leave(member: ChannelMember<S>, room: string): void {
    this.#output.leave(member, room);
  }

  welcome(member: ChannelMember<S>): Promise<boolean> {
    return this.#entrance.welcome(member);
  }

  replayFor(member: ChannelMember<S>): Iterator<OutgoingMessage> {
    return this.#output.replayFor(member);
  }

  ready(member: ChannelMember<S>): Promise<void> {
    return this.#entrance.ready(member);
  }

  gone(member: ChannelMember<S>, disconnect: Disconnect): void {
    this.#entrance.gone(member, disconnect);
  }

  departed(member: ChannelMember<S>): Promise<void> {
    return this.#entrance.departed(member);
  }

  report(error: unknown, context: ChannelErrorContext<S>): void {
    const { during, client, messageName } = context;
    if (this.#errorCallbacks.size === 0) {
      const about = [client && `client ${client.id}`, messageName].filter((part) => part !== undefined).join(", ");
      this.options.logger.warn(`channel ${this.name}: ${during} failed${about && ` (${about})`}: ${String(error)}`);
    }
    this.#errorCallbacks.callAtOnce([error, context], (failure) =>
      this.options.logger.warn(`channel ${this.name}: an error callback failed: ${String(failure)}`),
    );
  }

  observeUp(member: ChannelMember<S>, name: string, payload: Uint8Array): void {
    const nothing = { rooms: [], exclude: [], key: undefined, isPersistent: false, followingInGroup: 0 };
    this.#tellObservers({ direction: "up", name, payload, client: member, ...nothing });
  }

  #observeDown(
    { message, only, rooms = [], exclude = new Set() }: Addressed<ChannelMember<S>>,
    followingInGroup: number,
  ): void {
    if (this.#observers.size === 0) return;
    const { name, payload, key, isPersistent } = message;
    const facts = { rooms, exclude: [...exclude], key, isPersistent, followingInGroup };
    this.#tellObservers({ direction: "down", name, payload, client: only, ...facts });
  }

  #tellObservers({ name, ...message }: Omit<ObservedMessage<S>, "type"> & { readonly name: string }): void {
    const type = this.#observers.size === 0 ? undefined : this.schema.byName(name);
    if (type === undefined) return;
    this.#observers.callAtOnce([{ ...message, type }], (error) =>
      this.report(error, { during: "observe", client: message.client, messageName: name }),
    );
  }

  /** A client that is gone, or of another channel, takes no part in a group. */
  #sendIn<Name extends DownName<S>>(
    group: HeldGroup<Addressed<ChannelMember<S>>>,
    client: ChannelClient<S>,
    name: Name,
    message: DownInits<S>[Name],
    options: SendOptions | undefined,
  ): SendReceipt {
    const member = this.#entrance.members.get(client.id);
    if (member !== client || member === undefined) return client.send(name, message, options);
    return this.#output.send(member, name, message, options, group);
  }

  #broadcastEncoded(
    name: string,
    bytes: Uint8Array,
    options: BroadcastOptions,
    group?: HeldGroup<Addressed<ChannelMember<S>>>,
  ): void {
    const type = this.schema.byName(name);
    if (type === undefined || type.direction === "up") return;
    this.#output.broadcast(name, fromBinary(type.schema, bytes), options, group);
  }

  #door(): ChannelDoor {
    return {
      name: this.name,
      admit: (join: ChannelJoin, link: MemberLink): JoinedMember => {
        try {
          return this.#entrance.admit(join, link);
        } catch (error) {
          this.report(error, { during: "join", client: undefined, messageName: undefined });
          throw error;
        }
      },
      observe: (observer) => this.observe(observer),
      rooms: () => this.rooms,
      kept: (room) => (room === undefined ? this.state : this.room(room).state),
      broadcast: (name, bytes, options) => this.#broadcastEncoded(name, bytes, options),
      reset: (reason) => this.reset(reason),
      onReset: (callback) => this.#resetCallbacks.add(callback),
      begin: () => {
        const group = this.#output.begin(replayedGroup);
        return {
          broadcast: (name, bytes, options) => this.#broadcastEncoded(name, bytes, options, group),
          commit: () => group.commit(),
        };
      },
      memberOf: (connectionId) =>
        [...this.#entrance.members.values()].find(({ remote }) => remote.connectionId === connectionId),
    };
  }
}
