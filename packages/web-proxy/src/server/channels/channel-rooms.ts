import { MessageStore, type StoreBudget } from "../../channels/message-store.js";

interface Room<Member> {
  readonly members: Set<Member>;
  readonly store: MessageStore;
}

/** Who is in which room, and what is kept there. A room is there while somebody is in it or something is kept. */
export class ChannelRooms<Member> {
  readonly #rooms = new Map<string, Room<Member>>();
  readonly #budget: StoreBudget;
  readonly #sequence: () => number;
  /** With so many it is time to look for those that nobody needs. */
  #sweepAt = 64;

  /** `sequence` is the number of the last message that was sent. */
  constructor(budget: StoreBudget, sequence: () => number) {
    this.#budget = budget;
    this.#sequence = sequence;
  }

  /** The rooms that are there. */
  get names(): readonly string[] {
    this.#sweep();
    return [...this.#rooms.keys()];
  }

  /** Who is in a room. */
  members(room: string): ReadonlySet<Member> {
    return this.#rooms.get(room)?.members ?? new Set();
  }

  /** What is kept for who comes to a room, if anything ever was. */
  store(room: string): MessageStore | undefined {
    return this.#rooms.get(room)?.store;
  }

  /** The store of a room that something is to be kept in. */
  storeFor(room: string): MessageStore {
    return this.#roomFor(room).store;
  }

  join(room: string, member: Member): void {
    this.#roomFor(room).members.add(member);
  }

  leave(room: string, member: Member): void {
    const found = this.#rooms.get(room);
    found?.members.delete(member);
    if (found !== undefined) this.#removeIfEmpty(room, found);
  }

  #roomFor(name: string): Room<Member> {
    let room = this.#rooms.get(name);
    if (room === undefined) {
      if (this.#rooms.size >= this.#sweepAt) {
        this.#sweep();
        this.#sweepAt = Math.max(64, 2 * this.#rooms.size);
      }
      // What was kept and ended before the room was there this time is not known any more.
      room = { members: new Set(), store: new MessageStore(this.#budget, this.#sequence()) };
      this.#rooms.set(name, room);
    }
    return room;
  }

  #sweep(): void {
    for (const [name, room] of this.#rooms) this.#removeIfEmpty(name, room);
  }

  #removeIfEmpty(name: string, { members, store }: Room<Member>): void {
    if (members.size === 0 && store.size === 0) this.#rooms.delete(name);
  }
}
