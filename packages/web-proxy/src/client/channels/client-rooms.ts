/** A change of rooms that the server has to be told. */
export interface RoomChange {
  readonly join: readonly string[];
  readonly leave: readonly string[];
}

/**
 * The rooms of a client: those that it has chosen, which it asks for each time it joins, and those that the server has put it into, which
 * it must not ask for.
 */
export class ClientRooms {
  readonly #chosen: Set<string>;
  readonly #all: Set<string>;
  /** Rooms that it has left, of which the server may not have heard yet. */
  readonly #left = new Set<string>();

  constructor(chosen: Iterable<string>) {
    this.#chosen = new Set(chosen);
    this.#all = new Set(chosen);
  }

  /** All that it is in, or will be. */
  get all(): ReadonlySet<string> {
    return this.#all;
  }

  /** Those that it asks for. */
  get chosen(): ReadonlySet<string> {
    return this.#chosen;
  }

  /** It goes into a room. False: it is there already. */
  join(room: string): boolean {
    if (this.#all.has(room)) return false;
    this.#chosen.add(room);
    this.#all.add(room);
    this.#left.delete(room);
    return true;
  }

  /** It leaves a room. False: it is not there. */
  leave(room: string): boolean {
    if (!this.#all.delete(room)) return false;
    this.#chosen.delete(room);
    this.#left.add(room);
    return true;
  }

  /** The server says which rooms it is in. Returns what has changed since it asked for them. */
  welcome(rooms: readonly string[]): RoomChange {
    const leave = rooms.filter((room) => this.#left.has(room));
    const join = [...this.#chosen].filter((room) => !rooms.includes(room));
    this.#left.clear();
    this.#all.clear();
    for (const room of [...rooms, ...join]) if (!leave.includes(room)) this.#all.add(room);
    return { join, leave };
  }
}
