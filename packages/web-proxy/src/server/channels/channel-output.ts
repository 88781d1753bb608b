import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { ChannelReplay } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import {
  AtomicGroups,
  type AtomicOptions,
  type HeldGroup,
  type HeldGroupOptions,
} from "../../channels/atomic-groups.js";
import { ChannelSendError } from "../../channels/channel-error.js";
import type { ChannelSchema } from "../../channels/channel-schema.js";
import { composeMessage } from "../../channels/compose-message.js";
import { mergeReplay } from "../../channels/merge-replay.js";
import { MessageStore, StoreBudget } from "../../channels/message-store.js";
import type { OutgoingMessage } from "../../channels/outgoing.js";
import { OpenReceipt, type SendReceipt } from "../../channels/send-receipt.js";
import type { BroadcastOptions, BroadcastResult } from "./channel.js";
import type { ClientId, SendOptions } from "./channel-client.js";
import type { ResolvedChannelOptions } from "./channel-options.js";
import { ChannelRooms } from "./channel-rooms.js";
import type { ChannelSession } from "./channel-sessions.js";
import { type Addressed, fanOut, fanOutGroup, type Receiver } from "./fan-out.js";
import { isRoomName, maxRoomNameLength } from "./room-rules.js";

/** A client that messages are for, and what it gets of what is kept. */
export interface OutputReceiver extends Receiver {
  readonly session: ChannelSession;
  /** From which message on it goes on with its session. `undefined`: it begins anew. */
  readonly resumeFrom: number | undefined;
  readonly replay: ChannelReplay;
  /** Up to here everything is in the replay; what is newer is sent behind it. */
  readonly joinedAt: number;
}

/** Options of {@link ChannelOutput}. */
export interface ChannelOutputOptions<R extends OutputReceiver> {
  readonly schema: ChannelSchema;
  readonly options: ResolvedChannelOptions;
  /** Everybody who is there. */
  readonly receivers: () => Iterable<R>;
  /** Up to where everybody was sent everything who may come back. */
  readonly leastCursor: () => number;
  /** Told of every message when it is sent, and how many of the same group follow. Must not throw. */
  readonly onSent: (addressed: Addressed<R>, followingInGroup: number) => void;
  /** Told of a message of a group that could not be kept. */
  readonly onNotKept: (error: ChannelSendError, messageName: string) => void;
}

const closedResult: BroadcastResult = { status: "closed", recipients: 0, isKept: false };
/** So often it is looked which tombstones nobody needs any more. */
const tombstonesPerPruning = 256;

/** What a channel sends: numbered, kept for those who come later, and given to those who are there. */
export class ChannelOutput<R extends OutputReceiver> {
  readonly rooms: ChannelRooms<R>;
  /** What is kept for everybody. */
  readonly store: MessageStore;
  /** What is kept, in rooms as well. */
  readonly budget: StoreBudget;
  readonly #options: ChannelOutputOptions<R>;
  readonly #groups: AtomicGroups<Addressed<R>>;
  #sequence = 0;
  #sentMessages = 0;
  #tombstoneCount = 0;
  #followingInGroup = 0;
  #isClosed = false;

  constructor(options: ChannelOutputOptions<R>) {
    const { outbox, store, clock } = options.options;
    this.#options = options;
    this.budget = new StoreBudget(store);
    this.store = new MessageStore(this.budget);
    this.rooms = new ChannelRooms(this.budget, () => this.#sequence);
    this.#groups = new AtomicGroups({
      commit: (group) => this.#commit(group),
      maxMessages: () => outbox.maxMessages,
      // What it takes in an outbox beside its bytes needs room too.
      maxBytes: () => outbox.maxBytes / 2,
      clock,
    });
  }

  /** How many messages were sent. */
  get sentMessages(): number {
    return this.#sentMessages;
  }

  /** A place in the order of all that is sent: behind every message so far. Nothing else has its number. */
  takePlace(): number {
    return ++this.#sequence;
  }

  /** Sends nothing more. */
  close(): void {
    this.#groups.close();
    this.#isClosed = true;
  }

  broadcast(
    name: string,
    message: MessageInitShape<DescMessage>,
    options: BroadcastOptions = {},
    group?: HeldGroup<Addressed<R>>,
  ): BroadcastResult {
    if (this.#isClosed) return closedResult;
    const addressed = this.#addressToAll(name, message, options);
    const isKept = addressed.stores.length > 0;
    if (this.#hold(addressed, group)) return { status: "held", recipients: 0, isKept };
    this.#number(addressed);
    return { status: "queued", recipients: fanOut(addressed, this.#options.receivers()), isKept };
  }

  send(
    receiver: R,
    name: string,
    message: MessageInitShape<DescMessage>,
    { key, persist }: SendOptions = {},
    group?: HeldGroup<Addressed<R>>,
  ): SendReceipt {
    const composed = this.#compose(name, message, { key, persist, persistsByType: false });
    const stores = composed.isPersistent ? [receiver.session.store] : [];
    for (const store of stores) checkRoom(store, composed, "for one client");
    const addressed = { message: composed, only: receiver, exclude: undefined, rooms: undefined, stores };
    const isHeld = this.#hold(addressed, group);
    const receipt = new OpenReceipt(isHeld ? "held" : "queued");
    composed.receipt = receipt;
    if (!isHeld) {
      this.#number(addressed);
      fanOut(addressed, []);
    }
    return receipt;
  }

  /** Keeps nothing any more. Who has had what was sent until now has to begin anew. */
  reset(): void {
    // Nobody can have had everything up to there.
    const sequence = this.takePlace();
    this.store.reset(sequence);
    for (const room of this.rooms.names) this.rooms.store(room)?.reset(sequence);
  }

  atomic<T>(work: () => T, options?: AtomicOptions): T {
    return this.#groups.run(work, options);
  }

  begin(options?: HeldGroupOptions): HeldGroup<Addressed<R>> {
    return this.#groups.begin(options);
  }

  /** Puts a receiver into a room. */
  enter(receiver: R, room: string): void {
    checkRoomName(room);
    this.rooms.join(room, receiver);
  }

  /** What is kept in a room of what was sent behind the place `after`, up to now. */
  keptIn(room: string, after: number): Iterator<OutgoingMessage> {
    const isNew = ({ sequence }: OutgoingMessage): boolean => sequence > after;
    return mergeReplay([this.rooms.storeFor(room).replayable(isNew)], this.#sequence);
  }

  leave(receiver: R, room: string): void {
    this.rooms.leave(room, receiver);
  }

  /** Whether somebody who has had everything up to `sequence` can be told only what is new. */
  canResume(session: ChannelSession, sequence: number): boolean {
    if (sequence > this.#sequence) return false;
    const known = [...session.rooms]
      .filter(([, since]) => sequence >= since)
      .map(([room]) => this.rooms.storeFor(room));
    const stores = [this.store, session.store, ...known];
    return stores.every((store) => store.since(sequence) !== undefined);
  }

  /** What a newcomer is sent of what is kept. */
  replayFor({ session, resumeFrom, replay, joinedAt, rooms }: R): Iterator<OutgoingMessage> {
    // Of a room that it has not had all of, it is sent all.
    const sourceOf = (store: MessageStore, since: number | undefined): Iterable<OutgoingMessage> => {
      if (resumeFrom !== undefined && since !== undefined && resumeFrom >= since)
        return store.since(resumeFrom) ?? store.replayable();
      if (replay === ChannelReplay.NONE) return [];
      return store.replayable(replay === ChannelReplay.KEYED ? ({ key }) => key !== undefined : undefined);
    };
    const own = [sourceOf(this.store, 0), sourceOf(session.store, 0)];
    const ofRooms = [...rooms].map((room) => sourceOf(this.rooms.storeFor(room), session.rooms.get(room)));
    return mergeReplay([...own, ...ofRooms], joinedAt);
  }

  #addressToAll(name: string, init: MessageInitShape<DescMessage>, options: BroadcastOptions): Addressed<R> {
    const { key, persist, exclude, room } = options;
    const message = this.#compose(name, init, { key, persist, persistsByType: true });
    const rooms = room === undefined ? undefined : typeof room === "string" ? [room] : room;
    for (const one of rooms ?? []) checkRoomName(one);
    const stores = message.isPersistent ? (rooms?.map((one) => this.rooms.storeFor(one)) ?? [this.store]) : [];
    for (const store of stores) checkRoom(store, message, "for those who come later");
    return { message, only: undefined, exclude: toSet(exclude), rooms, stores };
  }

  #compose(
    name: string,
    init: MessageInitShape<DescMessage>,
    options: Pick<Parameters<typeof composeMessage>[4], "key" | "persist" | "persistsByType">,
  ): OutgoingMessage {
    const { schema, options: channelOptions } = this.#options;
    const { limits, clock } = channelOptions;
    return composeMessage(schema, "down", name, init, {
      ...options,
      maxBytes: limits.maxMessageBytes,
      nowMs: clock.nowMs(),
    });
  }

  #hold(addressed: Addressed<R>, group: HeldGroup<Addressed<R>> | undefined): boolean {
    if (group === undefined) return this.#groups.hold(addressed);
    group.add(addressed);
    return true;
  }

  #commit(group: readonly Addressed<R>[]): void {
    this.#followingInGroup = group.length;
    for (const addressed of group) {
      this.#followingInGroup--;
      this.#number(addressed);
    }
    fanOutGroup(group, this.#options.receivers());
  }

  /** Gives a message its place in the order of all, and keeps it. */
  #number(addressed: Addressed<R>): void {
    const { message, stores } = addressed;
    message.sequence = this.takePlace();
    this.#sentMessages++;
    for (const store of stores) {
      // Where there was room when it was put into a group, others may have taken it.
      if (store.hasRoomFor(message)) store.put(message);
      else this.#options.onNotKept(storeFull(message.name, "for those who come later"), message.name);
    }
    if (message.removes.length > 0 && stores.length > 0) this.#pruneTombstones();
    this.#options.onSent(addressed, this.#followingInGroup);
  }

  #pruneTombstones(): void {
    if (++this.#tombstoneCount % tombstonesPerPruning !== 0) return;
    const { leastCursor, options } = this.#options;
    const { clock, session, limits } = options;
    const cursor = leastCursor();
    // What was on its way to a client when its connection was lost has to be told again.
    const beforeMs = session.keepMs === 0 ? undefined : clock.nowMs() - session.keepMs - limits.stallTimeoutMs;
    this.store.forgetTombstones(cursor, beforeMs);
    for (const room of this.rooms.names) this.rooms.store(room)?.forgetTombstones(cursor, beforeMs);
  }
}

function toSet(exclude: BroadcastOptions["exclude"]): ReadonlySet<ClientId> | undefined {
  if (exclude === undefined) return undefined;
  return new Set(typeof exclude === "number" ? [exclude] : exclude);
}

/** Throws `ChannelSendError` when there is no room for what is to be kept. */
function checkRoom(store: MessageStore, message: OutgoingMessage, forWhom: string): void {
  if (!store.hasRoomFor(message)) throw storeFull(message.name, forWhom);
}

function storeFull(name: string, forWhom: string): ChannelSendError {
  return new ChannelSendError(
    "store-full",
    `${name} cannot be kept ${forWhom}: as much is kept as may be. End what is over, give it a key, send it with persist: false, or allow more`,
  );
}

function checkRoomName(room: string): void {
  if (isRoomName(room)) return;
  throw new ChannelSendError(
    "unknown",
    `${JSON.stringify(room)} cannot be a room: give it 1 to ${maxRoomNameLength} characters`,
  );
}
