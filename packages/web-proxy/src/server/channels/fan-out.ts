import { conflateGroup } from "../../channels/conflate-group.js";
import type { MessageStore } from "../../channels/message-store.js";
import { createOutgoingGroup, type OutgoingEntry, type OutgoingMessage } from "../../channels/outgoing.js";
import type { ClientId } from "./channel-client.js";

/** Somebody that messages are for. */
export interface Receiver {
  readonly id: ClientId;
  readonly rooms: ReadonlySet<string>;
  /** Something that is broadcast. */
  receive(entry: OutgoingEntry): void;
  /** Something for this one alone. */
  receiveOwn(entry: OutgoingEntry): void;
}

/** A message and whom it is for. */
export interface Addressed<R extends Receiver> {
  readonly message: OutgoingMessage;
  /** The only one that it is for. `undefined`: everybody that is not excluded. */
  readonly only: R | undefined;
  /** Who does not get it. */
  readonly exclude: ReadonlySet<ClientId> | undefined;
  /** Only who is in one of these gets it. `undefined`: all. */
  readonly rooms: readonly string[] | undefined;
  /** Where it is kept. */
  readonly stores: readonly MessageStore[];
}

/** Gives a message to those of `receivers` that it is for. Returns how many these are. */
export function fanOut<R extends Receiver>(
  { message, only, exclude, rooms }: Addressed<R>,
  receivers: Iterable<R>,
): number {
  if (only !== undefined) {
    only.receiveOwn(message);
    return 1;
  }
  let count = 0;
  for (const receiver of receivers) {
    if (!isFor(receiver, exclude, rooms)) continue;
    count++;
    receiver.receive(message);
  }
  return count;
}

/** Gives each of `receivers` those of the messages that are for it, as one group. */
export function fanOutGroup<R extends Receiver>(group: readonly Addressed<R>[], receivers: Iterable<R>): void {
  /** Who gets the same messages gets the same bytes. */
  const made = new Map<string, OutgoingEntry>();
  for (const receiver of receivers) {
    const own = group.filter(({ only, exclude, rooms }) =>
      only === undefined ? isFor(receiver, exclude, rooms) : only === receiver,
    );
    if (own.length === 0) continue;
    const signature = own.length === group.length ? "all" : own.map(({ message }) => message.sequence).join();
    let entry = made.get(signature);
    if (entry === undefined) {
      entry = createOutgoingGroup(conflateGroup(own.map(({ message }) => message)));
      made.set(signature, entry);
    }
    if (own.every(({ only }) => only !== undefined)) receiver.receiveOwn(entry);
    else receiver.receive(entry);
  }
}

function isFor(
  receiver: Receiver,
  exclude: ReadonlySet<ClientId> | undefined,
  rooms: readonly string[] | undefined,
): boolean {
  if (exclude?.has(receiver.id) === true) return false;
  return rooms === undefined || rooms.some((room) => receiver.rooms.has(room));
}
