import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type ConnectionStatus,
  createReconnectPolicy,
  InvalidOptionsError,
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
import {
  backgroundClock,
  type Clock,
  type CreateWireCall,
  StatusFeed,
  WireTransport,
  watchCancellation,
} from "@resoio/core/internal";
import type { AtomicOptions, HeldGroupOptions } from "../../channels/atomic-groups.js";
import type { ReceivedBatch, ReceivedMessage } from "../../channels/batch-reader.js";
import { Callbacks } from "../../channels/callbacks.js";
import type { ChannelSchema, DownMessages, UpInits, UpName } from "../../channels/channel-schema.js";
import { checkNumbers } from "../../channels/check-numbers.js";
import { Dispatcher } from "../../channels/dispatcher.js";
import { groupView } from "../../channels/group-view.js";
import type { Unsubscribe } from "../../channels/handlers.js";
import { Inbox } from "../../channels/inbox.js";
import { MessageListeners } from "../../channels/message-listeners.js";
import { toWireSchema } from "../../channels/schema-agreement.js";
import { closedReceipt, type SendReceipt } from "../../channels/send-receipt.js";
import { ChannelMembership } from "./channel-membership.js";
import { ClientOutput } from "./client-output.js";
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
import { Rejoining } from "./rejoining.js";

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
  checkOptions(options);
  const channel = new JoinedChannelImpl(transport.createCall, schema, options);
  await channel.start(options);
  return channel;
}

function checkOptions({ window = {}, outbox = {}, maxRateHz = 1, replay }: JoinChannelOptions): void {
  checkNumbers("window", window, 1);
  checkNumbers("outbox", outbox, 1);
  if (!(maxRateHz > 0)) throw new InvalidOptionsError(`maxRateHz must be above 0, not ${maxRateHz}`);
  if (typeof replay !== "object" || (Number.isSafeInteger(replay.sequence) && replay.sequence >= 0)) return;
  throw new InvalidOptionsError(`replay.sequence must be as resumePoint had it, not ${replay.sequence}`);
}

/** How much of what came may wait for the handlers before the server is slowed down, in bytes. */
const inboxBytes = 1024 * 1024;
/** How long the handlers of a message may take before the next one has its turn, in milliseconds. */
const handlerTimeoutMs = 30_000;
/** How long closing may wait for what is to be sent, and for the server, in milliseconds. */
const closeTimeoutMs = 1_000;
/** Who has joined once is not told again whether it gets in. */
const noMatter = { onWelcome() {}, onRefused() {} };

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
  readonly #output: ClientOutput;
  readonly #rejoining: Rejoining;
  readonly #inbox: Inbox<Item>;
  readonly #dispatcher: Dispatcher<MessageInfo>;
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
  #joins = 0;
  #isClosing = false;
  #isClosed = false;

  constructor(createCall: CreateWireCall, schema: S, options: JoinChannelOptions) {
    super();
    const { clock = backgroundClock, rooms = [], reconnect = createReconnectPolicy(), replay = "full" } = options;
    this.name = schema.name;
    this.schema = schema;
    this.#createCall = createCall;
    this.#options = options;
    this.#clock = clock;
    this.#rooms = new ClientRooms(rooms);
    if (typeof replay === "object") this.#resumePoint = replay;
    this.#output = new ClientOutput({
      schema,
      window: options.window,
      outbox: options.outbox,
      clock,
      onOverflow: (error) => this.#finish(error),
    });
    this.#rejoining = new Rejoining({ policy: reconnect, feed: this.#feed, clock, rejoin: () => this.#join(noMatter) });
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
    const { received, unknown, malformed } = this.#dispatcher.counts;
    return {
      ...this.#output.stats,
      receivedMessages: received,
      unknownMessages: unknown,
      malformedMessages: malformed,
      joins: this.#joins,
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
    return this.#isClosed ? closedReceipt : this.#output.send(name, message, options);
  }

  atomic<T>(work: () => T, options?: AtomicOptions): T {
    return this.#output.atomic(work, options);
  }

  begin(options?: HeldGroupOptions): JoinedChannelGroup<S> {
    const group = this.#output.begin(options);
    return groupView(group, {
      send: <Name extends UpName<S>>(name: Name, message: UpInits<S>[Name], sendOptions?: ClientSendOptions) =>
        this.#output.send(name, message, sendOptions, group),
    });
  }

  async flush(): Promise<void> {
    await this.#output.flush();
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
      this.#rejoining.cancel();
      this.#output.discardGroups();
      const membership = this.#membership;
      const cancel = this.#clock.schedule(closeTimeoutMs, () => this.#finish(undefined));
      if (membership === undefined) {
        this.#finish(undefined);
      } else {
        await Promise.race([this.#output.flush(), this.#closed.promise]);
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

  #join({ onWelcome, onRefused }: { onWelcome: () => void; onRefused: (error: Error) => void }): void {
    this.#isReplay = true;
    const membership = new ChannelMembership({
      createCall: this.#createCall,
      join: this.#joinRequest(),
      onWelcome: (welcome) => {
        this.#onWelcome(welcome, membership);
        onWelcome();
      },
      onBatch: (batch) => this.#onBatch(batch, membership),
      onEndOfReplay: (sequence) => this.#onEndOfReplay(sequence, membership),
      onEnd: (error) => {
        if (this.#membership !== membership) return;
        this.#membership = undefined;
        this.#output.suspend();
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

  #onWelcome(welcome: ChannelWelcome, membership: ChannelMembership): void {
    const isAgain = this.#joins > 0;
    this.#joins++;
    this.#rejoining.welcomed();
    this.#welcome = welcome;
    const missed = this.#rooms.welcome(welcome.rooms);
    if (missed.join.length + missed.leave.length > 0) this.#changeRooms(missed);
    if (!welcome.isResumed) this.#resumePoint = undefined;
    if (isAgain && !welcome.isResumed) this.#inbox.push({ kind: "reset" }, 0);
    this.#feed.publish({ state: "connected" });
    this.#output.open(membership, welcome);
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
    if (this.#isClosing) this.#finish(undefined);
    else if (!this.#rejoining.lost(error)) this.#finish(error);
  }

  #finish(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const membership = this.#membership;
    this.#membership = undefined;
    this.#rejoining.cancel();
    this.#output.close();
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
