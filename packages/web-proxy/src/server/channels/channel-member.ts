import { Code, ConnectError } from "@connectrpc/connect";
import type { Access } from "@resoio/core";
import {
  ChannelFraming,
  type ChannelJoin,
  type ChannelReplay,
  type ChannelRooms as ChannelRoomChange,
} from "@resoio/core/gen/resoio/web/v1/channel_pb";
import type { AtomicOptions, HeldGroupOptions } from "../../channels/atomic-groups.js";
import type { ReceivedMessage } from "../../channels/batch-reader.js";
import { BatchSender } from "../../channels/batch-sender.js";
import type { ChannelSchema, ChannelVersion, DownInits, DownName, UpMessages } from "../../channels/channel-schema.js";
import { Dispatcher } from "../../channels/dispatcher.js";
import { Inbox } from "../../channels/inbox.js";
import { MessageListeners } from "../../channels/message-listeners.js";
import { Outbox } from "../../channels/outbox.js";
import type { OutgoingEntry } from "../../channels/outgoing.js";
import { toWireSchema } from "../../channels/schema-agreement.js";
import { closedReceipt, type SendReceipt } from "../../channels/send-receipt.js";
import { Throttle } from "../../channels/throttle.js";
import type { WindowScheduler } from "../../channels/window-scheduler.js";
import type { ChannelErrorContext } from "./channel.js";
import type {
  ChannelClient,
  ChannelClientState,
  ChannelClientStats,
  ChannelOutbox,
  ClientGroup,
  ClientId,
  DisconnectCause,
  SendOptions,
} from "./channel-client.js";
import type { JoinedMember } from "./channel-door.js";
import type { OutputReceiver } from "./channel-output.js";
import type { ChannelSession } from "./channel-sessions.js";
import { encodeEndOfReplay, encodeWelcome } from "./down-messages.js";
import type { MemberHome, MemberLink } from "./member-home.js";
import { outboxView } from "./pending-messages.js";
import { checkRoomChoice, checkRoomCount } from "./room-rules.js";
import { readUp, type UpMessage } from "./up-messages.js";

/** Options of {@link ChannelMember}. */
export interface ChannelMemberOptions<S extends ChannelSchema> {
  readonly id: ClientId;
  readonly home: MemberHome<S>;
  readonly link: MemberLink;
  readonly join: ChannelJoin;
  readonly session: ChannelSession;
  /** The client that had the session before. */
  readonly previousId: ClientId | undefined;
  /** From which message on it goes on with the session. `undefined`: it begins anew. */
  readonly resumeFrom: number | undefined;
  /** The rooms that it is in from the start. */
  readonly rooms: ReadonlySet<string>;
}

type Item =
  | { readonly kind: "welcome" }
  | { readonly kind: "messages"; readonly entry: readonly ReceivedMessage[] }
  | { readonly kind: "ready" }
  | { readonly kind: "rooms"; readonly change: ChannelRoomChange }
  | { readonly kind: "leave" };

/** What a message of a client takes to be handled, beside its bytes. */
const itemBytes = 64;

/** One client in a channel. */
export class ChannelMember<S extends ChannelSchema>
  extends MessageListeners<UpMessages<S>, ChannelClient<S>>
  implements ChannelClient<S>, OutputReceiver, JoinedMember
{
  readonly id: ClientId;
  readonly sessionId: number;
  readonly previousId: ClientId | undefined;
  readonly remote: ChannelClient["remote"];
  readonly access: ReadonlySet<Access>;
  readonly maySend: boolean;
  readonly schema: { readonly fingerprint: string; readonly version: ChannelVersion };
  readonly framing: "batch" | "single";
  readonly outbox: ChannelOutbox;
  readonly session: ChannelSession;
  readonly resumeFrom: number | undefined;
  readonly replay: ChannelReplay;
  /** Up to here everything is in the replay; what is newer is sent behind it. */
  readonly joinedAt: number;
  readonly #home: MemberHome<S>;
  readonly #link: MemberLink;
  readonly #rooms: Set<string>;
  readonly #scheduler: WindowScheduler;
  readonly #sender: BatchSender;
  readonly #dispatcher: Dispatcher<ChannelClient<S>>;
  readonly #inbox: Inbox<Item>;
  readonly #throttle: Throttle;
  readonly #controller = new AbortController();
  readonly #connectedAtMs: number;
  /** Resolves when the connect callbacks are through with it. */
  readonly #welcomed = Promise.withResolvers<void>();
  /** What is broadcast while the connect callbacks are not through: it comes behind the replay. */
  #deferred: Outbox | undefined;
  #state: ChannelClientState = "connecting";

  constructor({ id, home, link, join, session, previousId, resumeFrom, rooms }: ChannelMemberOptions<S>) {
    super();
    const { options, schema, schedulers, encoder } = home;
    const { clock, limits, window } = options;
    const { client } = link;
    this.id = id;
    this.session = session;
    this.sessionId = session.id;
    this.previousId = previousId;
    this.resumeFrom = resumeFrom;
    this.replay = join.replay;
    this.remote = { address: client.address, connectionId: client.id, name: client.name };
    this.access = client.access;
    this.maySend = client.access.has(options.access.send);
    const { fingerprint = "", minVersion = 0, version = 0 } = join.schema ?? {};
    this.schema = { fingerprint, version: { min: minVersion, max: version } };
    this.framing = join.framing === ChannelFraming.SINGLE ? "single" : "batch";
    this.joinedAt = home.takePlace();
    this.#home = home;
    this.#link = link;
    this.#rooms = new Set(rooms);
    this.#connectedAtMs = clock.nowMs();
    this.#deferred = new Outbox(options.outbox);
    this.#scheduler = schedulers.take();
    this.#throttle = new Throttle(limits.messagesPerSecond, clock);
    this.#sender = new BatchSender({
      outlet: {
        deliver: (message) => link.deliver(message),
        drained: () => link.drained(),
        onOverflow: () => this.#giveUp(),
        onStalled: () =>
          this.finish(
            "stalled",
            Code.ResourceExhausted,
            `took nothing for ${limits.stallTimeoutMs} ms while something waited`,
          ),
      },
      window: this.framing === "single" ? { ...window, maxMessages: 1 } : window,
      outbox: options.outbox,
      maxRateHz: join.maxRateHz > 0 ? join.maxRateHz : Number.POSITIVE_INFINITY,
      stallTimeoutMs: limits.stallTimeoutMs,
      scheduler: this.#scheduler,
      encoder,
      encodeEndOfReplay,
      clock,
    });
    this.outbox = outboxView(this.#sender.outbox, clock);
    this.#dispatcher = new Dispatcher<ChannelClient<S>>({
      schema,
      direction: "up",
      listeners: [home.listeners, this],
      context: () => this,
      malformed: options.malformed,
      onError: (error, messageName) => this.#report("message", error, messageName),
      onArrived: ({ definition, payload }) => home.observeUp(this, definition.name, payload),
    });
    this.#inbox = new Inbox<Item>({
      handle: (item) => this.#handle(item),
      highWaterBytes: limits.inboxBytes,
      clock,
      itemTimeoutMs: limits.handlerTimeoutMs,
      onTimeout: () => this.#report("message", new Error(`a handler took longer than ${limits.handlerTimeoutMs} ms`)),
    });
  }

  get state(): ChannelClientState {
    return this.#state;
  }

  get rooms(): ReadonlySet<string> {
    return this.#rooms;
  }

  get bufferedBytes(): number {
    return this.#sender.outbox.bytes + (this.#state === "closed" ? 0 : (this.#link.client.waitingBytes ?? 0));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Up to where it was sent everything. */
  get cursor(): number {
    return this.#sender.cursor;
  }

  /** Resolves when the connect callbacks are through with it. */
  get welcomed(): Promise<void> {
    return this.#welcomed.promise;
  }

  get stats(): ChannelClientStats {
    const { messages, batches, bytes } = this.#sender.sent;
    const { received, unknown, malformed } = this.#dispatcher.counts;
    const { supersededCount, droppedCount } = this.#sender.outbox;
    return {
      sentMessages: messages,
      sentBatches: batches,
      sentBytes: bytes,
      supersededMessages: supersededCount,
      droppedMessages: droppedCount,
      receivedMessages: received,
      unknownMessages: unknown,
      malformedMessages: malformed,
      windowMs: this.#sender.windowMs,
      connectedMs: this.#home.options.clock.nowMs() - this.#connectedAtMs,
    };
  }

  send<Name extends DownName<S>>(name: Name, message: DownInits<S>[Name], options?: SendOptions): SendReceipt {
    return this.#state === "closed" ? closedReceipt : this.#home.send(this, name, message, options);
  }

  atomic<T>(work: () => T, options?: AtomicOptions): T {
    return this.#home.atomic(work, options);
  }

  begin(options?: HeldGroupOptions): ClientGroup<S> {
    return this.#home.beginFor(this, options);
  }

  async flush(): Promise<void> {
    if (this.#state === "connecting") {
      const problem = "nothing is sent before the connect callbacks are through: do not wait for it in one";
      throw new ConnectError(problem, Code.FailedPrecondition);
    }
    await this.#sender.flush();
  }

  join(room: string): void {
    if (this.#state === "closed" || this.#rooms.has(room)) return;
    this.#home.enter(this, room);
    this.#rooms.add(room);
    if (this.#deferred === undefined) {
      const place = this.#home.takePlace();
      this.session.rooms.set(room, place);
      this.#sender.pushReplay(this.#home.keptIn(room, 0), place);
    } else {
      // Before the connect callbacks are through: what was sent there since it came is not in the replay.
      this.#deferred.pushReplay(this.#home.keptIn(room, this.joinedAt));
    }
  }

  leave(room: string): void {
    if (!this.#rooms.delete(room)) return;
    this.session.rooms.delete(room);
    this.#home.leave(this, room);
  }

  close(reason: string, code: Code = Code.Aborted): void {
    this.finish("closed", code, reason);
  }

  /** Calls the connect callbacks, then lets the client in. */
  start(): void {
    this.#inbox.push({ kind: "welcome" }, 0);
  }

  /** Something that is broadcast. */
  receive(entry: OutgoingEntry): void {
    if (this.#deferred === undefined) this.#sender.push(entry);
    else if (!this.#deferred.push(entry)) this.#giveUp();
  }

  /** Something for this client alone: in a connect callback it comes before the replay. */
  receiveOwn(entry: OutgoingEntry): void {
    this.#sender.push(entry);
  }

  /** Takes a message of the client's call. False: it should wait, see {@link drained}. */
  takeUp(message: Uint8Array): boolean {
    if (this.#state === "closed") return true;
    this.#guard(() => this.#take(readUp(message, this.#home.options.limits.maxBatchMessages), message.byteLength));
    return this.#inbox.hasRoom && this.#throttle.waitMs === 0;
  }

  /** Resolves when the client may send more. */
  async drained(): Promise<void> {
    await this.#inbox.drained();
    const { waitMs } = this.#throttle;
    if (waitMs === 0 || this.#state === "closed") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#home.options.clock.schedule(waitMs, resolve);
    this.signal.addEventListener("abort", () => {
      cancel();
      resolve();
    });
    await promise;
  }

  /** The client sends nothing more. */
  halfClose(): void {
    this.#inbox.push({ kind: "leave" }, 0);
  }

  pause(): void {
    this.#sender.pause();
  }

  resume(): void {
    this.#sender.resume();
  }

  /** Sends what waits, then ends the call. Resolves when that is done, or the client is gone. */
  async stop(reason: string): Promise<void> {
    if (this.#state !== "connecting") await this.#sender.flush();
    this.finish("stopped", Code.Unavailable, reason);
  }

  departed(): Promise<void> {
    return this.#home.departed(this);
  }

  /** The client is gone, or has to go. Its call ends with `code`; without one, with success. Does nothing the second time. */
  finish(cause: DisconnectCause, code: Code | undefined, reason: string): void {
    if (this.#state === "closed") return;
    const wasReplaying = this.#sender.cursor === 0;
    this.#state = "closed";
    const unsentMessages = this.#sender.close() + (this.#deferred?.clear() ?? 0);
    const { stats } = this;
    const error = code === undefined ? undefined : new ConnectError(reason, code);
    this.#home.schedulers.giveBack(this.#scheduler);
    this.#inbox.close();
    if (!wasReplaying) this.session.cursor = this.#sender.cursor;
    this.#controller.abort(error ?? new ConnectError(reason, Code.Canceled));
    this.#link.end(error);
    this.#home.gone(this, { cause, code, reason, unsentMessages, stats });
  }

  #handle(item: Item): void | Promise<void> {
    switch (item.kind) {
      case "messages":
        return this.#guard(() => this.#dispatcher.dispatch(item.entry));
      case "welcome":
        return this.#welcome();
      case "ready":
        if (this.#state !== "replaying") return undefined;
        this.#state = "ready";
        return this.#home.ready(this);
      case "rooms":
        return this.#guard(() => this.#changeRooms(item.change));
      case "leave":
        return this.finish("left", undefined, "the client has left");
    }
  }

  async #welcome(): Promise<void> {
    try {
      const mayStay = await this.#home.welcome(this);
      if (!mayStay) this.finish("closed", Code.PermissionDenied, "the client is not let in");
    } finally {
      this.#welcomed.resolve();
    }
    // It may have gone, or been closed, meanwhile.
    if (this.#state !== "connecting") return;
    this.#state = "replaying";
    const deferred = this.#deferred;
    this.#deferred = undefined;
    this.#link.deliver(this.#welcomeMessage());
    this.#sender.pushReplay(this.#home.replayFor(this));
    this.#sender.outbox.pushEndOfReplay(this.joinedAt);
    for (const room of this.#rooms) if (!this.session.rooms.has(room)) this.session.rooms.set(room, this.joinedAt);
    const { entries = [] } = deferred?.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY) ?? {};
    for (const entry of entries) this.#sender.push(entry);
    this.#sender.open();
  }

  #welcomeMessage(): Uint8Array {
    const { schema, options } = this.#home;
    return encodeWelcome({
      clientId: this.id,
      session: this.session.secret,
      isResumed: this.resumeFrom !== undefined,
      schema: toWireSchema(schema),
      maySend: this.maySend,
      maxMessageBytes: this.#link.maxMessageBytes,
      maxBatchMessages: options.limits.maxBatchMessages,
      framing: ChannelFraming.BATCH,
      rooms: [...this.#rooms],
    });
  }

  #take(up: UpMessage, byteLength: number): void {
    switch (up.kind) {
      case "entries":
        this.#takeEntries(up.entries);
        break;
      case "ready":
        this.#inbox.push(up, 0);
        break;
      case "rooms":
        this.#throttle.take(1);
        this.#inbox.push(up, byteLength);
        break;
    }
  }

  #takeEntries(entries: readonly (readonly ReceivedMessage[])[]): void {
    if (!this.maySend) {
      const { send } = this.#home.options.access;
      throw new ConnectError(
        `sending on the channel ${this.#home.schema.name} needs the right "${send}"; a token or --grant can give it`,
        Code.PermissionDenied,
      );
    }
    for (const entry of entries) {
      this.#throttle.take(entry.length);
      const byteLength = entry.reduce((sum, { payload }) => sum + payload.byteLength + itemBytes, 0);
      this.#inbox.push({ kind: "messages", entry }, byteLength);
    }
  }

  #changeRooms({ join, leave }: ChannelRoomChange): void {
    const { options } = this.#home;
    checkRoomChoice([...join, ...leave], { access: this.access, name: this.remote.name }, options);
    for (const room of leave) this.leave(room);
    for (const room of join) {
      if (!this.#rooms.has(room)) checkRoomCount(this.#rooms.size + 1, options);
      this.join(room);
    }
  }

  /** Runs `work` and returns what it returns. When it throws, the client has to go. */
  #guard<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#violate(error);
      return undefined;
    }
  }

  #violate(error: unknown): void {
    const { code, rawMessage } = ConnectError.from(error, Code.Internal);
    if (this.#state !== "closed") this.#report("message", error);
    this.finish("violation", code, rawMessage);
  }

  #giveUp(): void {
    const { maxMessages, maxBytes } = this.#home.options.outbox;
    const problem = `more than ${maxMessages} messages or ${maxBytes} bytes wait for the client, which reads too slowly`;
    this.finish("overflow", Code.ResourceExhausted, problem);
  }

  #report(during: ChannelErrorContext["during"], error: unknown, messageName?: string): void {
    this.#home.report(error, { during, client: this, messageName });
  }
}
