import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type ConnectionStatus,
  createReconnectPolicy,
  InvalidOptionsError,
  type ReconnectPolicy,
  type ResoniteTransport,
  type StatusOptions,
  silentLogger,
} from "@resoio/core";
import {
  ChannelFraming,
  type ChannelJoin,
  ChannelJoinSchema,
  ChannelReplay,
  type ChannelWelcome,
} from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { type CreateWireCall, StatusFeed, WireTransport, watchCancellation } from "@resoio/core/internal";
import {
  AtomicGroups,
  type AtomicOptions,
  type HeldGroup,
  type HeldGroupOptions,
  type HeldMessage,
} from "../../channels/atomic-groups.js";
import { BatchEncoder } from "../../channels/batch-encoder.js";
import type { ReceivedBatch, ReceivedMessage } from "../../channels/batch-reader.js";
import { BatchSender } from "../../channels/batch-sender.js";
import { Callbacks } from "../../channels/callbacks.js";
import { ChannelSendError } from "../../channels/channel-error.js";
import type { ChannelSchema, DownMessages, UpInits, UpName } from "../../channels/channel-schema.js";
import { composeMessage } from "../../channels/compose-message.js";
import { conflateGroup } from "../../channels/conflate-group.js";
import { Dispatcher } from "../../channels/dispatcher.js";
import { groupView } from "../../channels/group-view.js";
import type { Unsubscribe } from "../../channels/handlers.js";
import { Inbox } from "../../channels/inbox.js";
import { MessageListeners } from "../../channels/message-listeners.js";
import { createOutgoingGroup } from "../../channels/outgoing.js";
import { toWireSchema } from "../../channels/schema-agreement.js";
import { closedReceipt, OpenReceipt, type SendReceipt } from "../../channels/send-receipt.js";
import { WindowScheduler } from "../../channels/window-scheduler.js";
import { type Clock, systemClock } from "../../clock.js";
import { ChannelMembership } from "./channel-membership.js";
import { ClientRooms, type RoomChange } from "./client-rooms.js";
import type {
  ClientSendOptions,
  JoinChannelOptions,
  JoinedChannel,
  JoinedChannelGroup,
  JoinedChannelStats,
  MessageInfo,
  ResumePoint,
} from "./joined-channel.js";

/**
 * Joins a channel through a proxy: messages of one's own, both ways. Resolves when the server has let this client in; what was there
 * before comes from then on, see {@link JoinedChannel.ready}. Add handlers at once, before anything is awaited.
 *
 * When the connection is lost it joins again by itself, and goes on where it was.
 *
 * Throws {@link InvalidOptionsError} for options that cannot be, and a `ConnectError` when it is not let in: `NotFound` when there is no
 * such channel, `PermissionDenied`, `FailedPrecondition` when the two sides have schemas that do not go together, `ResourceExhausted`,
 * and those of connecting.
 */
export async function joinChannel<S extends ChannelSchema>(
  transport: ResoniteTransport,
  schema: S,
  options: JoinChannelOptions = {},
): Promise<JoinedChannel<S>> {
  if (!(transport instanceof WireTransport)) {
    throw new InvalidOptionsError("channels need a transport of createWebSocketTransport, as in resonite.transport");
  }
  const channel = new JoinedChannelImpl(transport.createCall, schema, options);
  await channel.start(options);
  return channel;
}

const mebibyte = 1024 * 1024;
const defaultWindow = { ms: 1000 / 60, maxMessages: 128, maxBytes: mebibyte / 4 };
const defaultOutbox = { maxMessages: 16_384, maxBytes: 4 * mebibyte, policy: "drop-oldest" } as const;
/** How much of what came may wait for the handlers before the server is slowed down, in bytes. */
const inboxBytes = mebibyte;
/** How long the handlers of a message may take before the next one has its turn, in milliseconds. */
const handlerTimeoutMs = 30_000;
/** The server slows down who sends too much; one that takes nothing for so long is given up, in milliseconds. */
const stallTimeoutMs = 60_000;
/** How long closing may wait for what is to be sent, and for the server, in milliseconds. */
const closeTimeoutMs = 1_000;
/** What a message takes in a batch beside its bytes, at most. */
const entryOverheadBytes = 64;

/** After these it is of no use to try again. */
const finalCodes: ReadonlySet<Code> = new Set([
  Code.Aborted,
  Code.Canceled,
  Code.FailedPrecondition,
  Code.InvalidArgument,
  Code.NotFound,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.Unimplemented,
]);

type Item =
  | { readonly kind: "hold"; readonly until: Promise<void> }
  | { readonly kind: "reset" }
  | { readonly kind: "messages"; readonly messages: readonly ReceivedMessage[]; readonly info: MessageInfo }
  | { readonly kind: "ready"; readonly membership: ChannelMembership };

class JoinedChannelImpl<S extends ChannelSchema>
  extends MessageListeners<DownMessages<S>, MessageInfo>
  implements JoinedChannel<S>
{
  readonly name: string;
  readonly schema: S;
  readonly #createCall: CreateWireCall;
  readonly #options: JoinChannelOptions;
  readonly #clock: Clock;
  readonly #policy: ReconnectPolicy;
  readonly #sender: BatchSender;
  readonly #inbox: Inbox<Item>;
  readonly #dispatcher: Dispatcher<MessageInfo>;
  readonly #groups: AtomicGroups<HeldMessage>;
  readonly #feed = new StatusFeed({ state: "connecting" });
  readonly #readyCallbacks = new Callbacks<[]>();
  readonly #resetCallbacks = new Callbacks<[]>();
  readonly #errorCallbacks = new Callbacks<[unknown, string | undefined]>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<Error | undefined>();
  readonly #rooms: ClientRooms;
  #welcome: ChannelWelcome | undefined;
  #membership: ChannelMembership | undefined;
  #resumePoint: ResumePoint | undefined;
  #info: MessageInfo = { isReplay: true, sentUnixNanos: 0n, sequence: 0 };
  #isReplay = true;
  #sequence = 0;
  #joins = 0;
  #loss: { readonly sinceMs: number; attempts: number } | undefined;
  #cancelRejoin = (): void => {};
  #isClosing = false;
  #isClosed = false;

  constructor(createCall: CreateWireCall, schema: S, options: JoinChannelOptions) {
    super();
    const { clock = systemClock, rooms = [], reconnect = createReconnectPolicy(), replay = "full" } = options;
    this.name = schema.name;
    this.schema = schema;
    this.#createCall = createCall;
    this.#options = options;
    this.#clock = clock;
    this.#policy = reconnect;
    this.#rooms = new ClientRooms(rooms);
    if (typeof replay === "object") this.#resumePoint = replay;
    this.#sender = new BatchSender({
      outlet: {
        deliver: (message) => this.#deliver(message),
        drained: async () => await this.#membership?.drained(),
        onOverflow: () => this.#onOverflow(),
        onStalled: () => this.#onStalled(),
      },
      window: { ...defaultWindow, ...options.window },
      outbox: { ...defaultOutbox, ...options.outbox },
      maxRateHz: Number.POSITIVE_INFINITY,
      stallTimeoutMs,
      scheduler: new WindowScheduler(clock),
      encoder: new BatchEncoder(clock),
      encodeEndOfReplay: () => new Uint8Array(0),
      clock,
    });
    this.#dispatcher = new Dispatcher<MessageInfo>({
      schema,
      direction: "down",
      listeners: [this],
      context: () => this.#info,
      malformed: options.malformed ?? "skip",
      onError: (error, name) => this.#report(error, name),
      onArrived: undefined,
    });
    this.#inbox = new Inbox<Item>({
      handle: (item) => this.#handle(item),
      highWaterBytes: inboxBytes,
      clock,
      itemTimeoutMs: handlerTimeoutMs,
      onTimeout: () => this.#report(new Error(`a handler took longer than ${handlerTimeoutMs} ms`), undefined),
    });
    this.#groups = new AtomicGroups({
      commit: (group) => this.#commit(group),
      maxMessages: () => this.#welcome?.maxBatchMessages ?? 1_024,
      maxBytes: () => this.#maxMessageBytes,
      clock,
    });
    // Whoever is interested has its own handler.
    this.#ready.promise.catch(() => {});
  }

  get clientId(): number {
    return this.#welcome?.clientId ?? 0;
  }

  get maySend(): boolean {
    return this.#welcome?.maySend ?? false;
  }

  get rooms(): ReadonlySet<string> {
    return this.#rooms.all;
  }

  get resumePoint(): ResumePoint | undefined {
    return this.#resumePoint;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  get stats(): JoinedChannelStats {
    const { messages, batches } = this.#sender.sent;
    const { received, unknown, malformed } = this.#dispatcher.counts;
    const { supersededCount, droppedCount, size, bytes } = this.#sender.outbox;
    return {
      sentMessages: messages,
      sentBatches: batches,
      supersededMessages: supersededCount,
      droppedMessages: droppedCount,
      receivedMessages: received,
      unknownMessages: unknown,
      malformedMessages: malformed,
      joins: this.#joins,
      waitingMessages: size,
      waitingBytes: bytes,
    };
  }

  /** Joins for the first time. Throws what keeps it from that. */
  async start({ signal, timeoutMs }: JoinChannelOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // What comes with the welcome waits until the caller had the chance to add his handlers.
    const { promise: handlersAdded, resolve: go } = Promise.withResolvers<void>();
    this.#inbox.push({ kind: "hold", until: handlersAdded }, 0);
    const stopWatching = watchCancellation(signal, timeoutMs, (error) => {
      this.#membership?.cancel(error);
      reject(error);
    });
    this.#join({ onWelcome: resolve, onRefused: reject });
    try {
      await promise;
    } catch (error) {
      this.#finish(error instanceof Error ? error : undefined);
      throw error;
    } finally {
      stopWatching();
      this.#clock.schedule(0, go);
    }
  }

  status(options?: StatusOptions): AsyncIterableIterator<ConnectionStatus> {
    return this.#feed.read(options);
  }

  send<Name extends UpName<S>>(name: Name, message: UpInits<S>[Name], options?: ClientSendOptions): SendReceipt {
    return this.#isClosed ? closedReceipt : this.#send(name, message, options);
  }

  atomic<T>(work: () => T, options?: AtomicOptions): T {
    return this.#groups.run(work, options);
  }

  begin(options?: HeldGroupOptions): JoinedChannelGroup<S> {
    const group = this.#groups.begin(options);
    return groupView(group, {
      send: <Name extends UpName<S>>(name: Name, message: UpInits<S>[Name], sendOptions?: ClientSendOptions) =>
        this.#send(name, message, sendOptions, group),
    });
  }

  async flush(): Promise<void> {
    await this.#sender.flush();
  }

  join(room: string): void {
    if (!this.#isClosed && this.#rooms.join(room)) this.#changeRooms({ join: [room], leave: [] });
  }

  leave(room: string): void {
    if (!this.#isClosed && this.#rooms.leave(room)) this.#changeRooms({ join: [], leave: [room] });
  }

  onReady(callback: () => unknown): Unsubscribe {
    return this.#readyCallbacks.add(callback);
  }

  onReset(callback: () => unknown): Unsubscribe {
    return this.#resetCallbacks.add(callback);
  }

  onError(callback: (error: unknown, messageName: string | undefined) => void): Unsubscribe {
    return this.#errorCallbacks.add(callback);
  }

  async close(): Promise<void> {
    if (!this.#isClosing && !this.#isClosed) {
      this.#isClosing = true;
      this.#cancelRejoin();
      this.#groups.close();
      const membership = this.#membership;
      const cancel = this.#clock.schedule(closeTimeoutMs, () => this.#finish(undefined));
      if (membership === undefined) {
        this.#finish(undefined);
      } else {
        await Promise.race([this.#sender.flush(), this.#closed.promise]);
        membership.leave();
      }
      await this.#closed.promise;
      cancel();
    }
    await this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #maxMessageBytes(): number {
    return (this.#welcome?.maxMessageBytes ?? mebibyte) - entryOverheadBytes;
  }

  #send(
    name: string,
    init: UpInits<S>[UpName<S>],
    { key }: ClientSendOptions = {},
    group?: HeldGroup<HeldMessage>,
  ): SendReceipt {
    if (this.#welcome?.maySend === false) {
      throw new ChannelSendError(
        "not-allowed",
        `this client may not send on the channel ${this.name}: its token has no right to`,
      );
    }
    const message = composeMessage(this.schema, "up", name, init, {
      key,
      persistsByType: false,
      maxBytes: this.#maxMessageBytes,
      nowMs: this.#clock.nowMs(),
    });
    const held = { message };
    group?.add(held);
    const isHeld = group !== undefined || this.#groups.hold(held);
    const receipt = new OpenReceipt(isHeld ? "held" : "queued");
    message.receipt = receipt;
    if (!isHeld) {
      message.sequence = ++this.#sequence;
      this.#sender.push(message);
    }
    return receipt;
  }

  #commit(group: readonly HeldMessage[]): void {
    const messages = conflateGroup(group.map(({ message }) => message));
    for (const message of messages) message.sequence = ++this.#sequence;
    this.#sender.push(createOutgoingGroup(messages));
  }

  #deliver(message: Uint8Array): void {
    const membership = this.#membership;
    if (membership === undefined || membership.send(message)) return;
    this.#sender.pause();
    void membership.drained().then(() => {
      if (this.#membership === membership) this.#sender.resume();
    });
  }

  #join({ onWelcome, onRefused }: { onWelcome: () => void; onRefused: (error: Error) => void }): void {
    this.#isReplay = true;
    const membership = new ChannelMembership({
      createCall: this.#createCall,
      join: this.#joinRequest(),
      onWelcome: (welcome) => {
        this.#onWelcome(welcome);
        onWelcome();
      },
      onBatch: (batch) => this.#onBatch(batch, membership),
      onEndOfReplay: (sequence) => this.#onEndOfReplay(sequence, membership),
      onEnd: (error) => {
        if (this.#membership !== membership) return;
        this.#membership = undefined;
        this.#sender.suspend();
        if (this.#joins === 0)
          onRefused(error ?? new ConnectError("the server did not want this client", Code.Aborted));
        else this.#onLost(error);
      },
    });
    this.#membership = membership;
    membership.start();
  }

  #joinRequest(): ChannelJoin {
    const { framing = "batch", maxRateHz = 0, replay = "full" } = this.#options;
    const policy = typeof replay === "object" ? "full" : replay;
    return create(ChannelJoinSchema, {
      channel: this.name,
      schema: toWireSchema(this.schema),
      framing: framing === "single" ? ChannelFraming.SINGLE : ChannelFraming.BATCH,
      replay: { full: ChannelReplay.FULL, keyed: ChannelReplay.KEYED, none: ChannelReplay.NONE }[policy],
      rooms: [...this.#rooms.chosen],
      maxRateHz,
      ...(this.#resumePoint && {
        resume: { session: this.#resumePoint.session, sequence: BigInt(this.#resumePoint.sequence) },
      }),
    });
  }

  #onWelcome(welcome: ChannelWelcome): void {
    const isAgain = this.#joins > 0;
    this.#joins++;
    this.#loss = undefined;
    this.#welcome = welcome;
    const missed = this.#rooms.welcome(welcome.rooms);
    if (missed.join.length + missed.leave.length > 0) this.#changeRooms(missed);
    if (!welcome.isResumed) this.#resumePoint = undefined;
    if (isAgain && !welcome.isResumed) this.#inbox.push({ kind: "reset" }, 0);
    this.#feed.publish({ state: "connected" });
    if (welcome.maySend) this.#sender.open();
    else this.#sender.outbox.remove(() => true);
  }

  /** Before the welcome nobody is told: then the server says which rooms it knows of. */
  #changeRooms(change: RoomChange): void {
    if (this.#membership?.isWelcome === true) this.#membership.sendRooms(change);
  }

  #onBatch({ sequence, unixNanos, entries }: ReceivedBatch, membership: ChannelMembership): boolean {
    const info: MessageInfo = { isReplay: this.#isReplay, sentUnixNanos: unixNanos, sequence };
    for (const messages of entries) {
      const bytes = messages.reduce((sum, { payload }) => sum + payload.byteLength, 0);
      this.#inbox.push({ kind: "messages", messages, info }, bytes);
    }
    this.#reached(sequence);
    if (this.#inbox.hasRoom) return true;
    void this.#inbox.drained().then(() => membership.resume());
    return false;
  }

  #onEndOfReplay(sequence: number, membership: ChannelMembership): void {
    this.#isReplay = false;
    const session = this.#welcome?.session ?? "";
    if (session !== "") this.#resumePoint = { session, sequence };
    this.#inbox.push({ kind: "ready", membership }, 0);
  }

  #reached(sequence: number): void {
    if (sequence > 0 && this.#resumePoint !== undefined) this.#resumePoint = { ...this.#resumePoint, sequence };
  }

  #handle(item: Item): void | Promise<void> {
    switch (item.kind) {
      case "messages":
        this.#info = item.info;
        try {
          return this.#dispatcher.dispatch(item.messages);
        } catch (error) {
          this.#report(error, undefined);
          this.#finish(ConnectError.from(error, Code.Internal));
          return undefined;
        }
      case "hold":
        return item.until;
      case "reset":
        return this.#resetCallbacks.call([], (error) => this.#report(error, undefined));
      case "ready":
        if (this.#membership === item.membership) item.membership.sendReady();
        this.#ready.resolve();
        return this.#readyCallbacks.call([], (error) => this.#report(error, undefined));
    }
  }

  #onLost(error: ConnectError | undefined): void {
    if (this.#isClosing || this.#isClosed || error === undefined || finalCodes.has(error.code)) {
      this.#finish(this.#isClosing ? undefined : error);
      return;
    }
    this.#loss ??= { sinceMs: this.#clock.nowMs(), attempts: 0 };
    const attempt = ++this.#loss.attempts;
    if (attempt === 1) this.#feed.publish({ state: "lost", reason: error });
    const elapsedMs = this.#clock.nowMs() - this.#loss.sinceMs;
    const delayMs = this.#policy.nextDelayMs({ attempt, elapsedMs, reason: error });
    if (delayMs === undefined) {
      this.#finish(error);
      return;
    }
    this.#feed.publish({ state: "reconnecting", attempt, delayMs, reason: error });
    this.#cancelRejoin = this.#clock.schedule(delayMs, () => {
      this.#feed.publish({ state: "connecting" });
      const again = { onWelcome() {}, onRefused() {} };
      this.#join(again);
    });
  }

  #onOverflow(): void {
    const problem = "more waits to be sent than may, and none of it may be dropped: the server takes too little";
    this.#finish(new ConnectError(problem, Code.ResourceExhausted));
  }

  #onStalled(): void {
    this.#membership?.cancel(new ConnectError(`the server took nothing for ${stallTimeoutMs} ms`, Code.Unavailable));
  }

  #finish(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const membership = this.#membership;
    this.#membership = undefined;
    this.#cancelRejoin();
    this.#groups.close();
    this.#sender.close();
    this.#inbox.close();
    membership?.cancel(new ConnectError("the client has left the channel", Code.Canceled));
    this.#ready.reject(error ?? new ConnectError("the channel was closed before all had come", Code.Canceled));
    this.#feed.publish({ state: "closed" });
    this.#closed.resolve(error);
  }

  #report(error: unknown, messageName: string | undefined): void {
    const { logger = silentLogger } = this.#options;
    if (this.#errorCallbacks.size === 0) {
      logger.warn(`channel ${this.name}${messageName === undefined ? "" : `, ${messageName}`}: ${String(error)}`);
    }
    this.#errorCallbacks.callAtOnce([error, messageName], (failure) =>
      logger.warn(`channel ${this.name}: an error callback failed: ${String(failure)}`),
    );
  }
}
