/** What an item of a {@link LinkedList} has, for the list alone to change. */
export interface Linked<Item> {
  before: Item | undefined;
  after: Item | undefined;
}

/** Items in order, of which each can be taken out at once, wherever it stands. An item is in one list at a time. */
export class LinkedList<Item extends Linked<Item>> implements Iterable<Item> {
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  get first(): Item | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an item behind all others. */
  push(item: Item): void {
    item.before = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.after = item;
    this.#last = item;
    this.#size++;
  }

  /** Takes an item out that is there. */
  remove(item: Item): void {
    const { before, after } = item;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    item.before = undefined;
    item.after = undefined;
    this.#size--;
  }

  /** From the first to the last. The one that was given out last may be removed meanwhile. */
  *[Symbol.iterator](): Generator<Item, undefined> {
    for (let item = this.#first; item !== undefined; ) {
      const { after }: Item = item;
      yield item;
      item = after;
    }
    return undefined;
  }

  /** From the last to the first, in the same way. */
  *backwards(): Generator<Item, undefined> {
    for (let item = this.#last; item !== undefined; ) {
      const { before }: Item = item;
      yield item;
      item = before;
    }
    return undefined;
  }

  /** Takes all items out, and returns them in order. */
  clear(): readonly Item[] {
    const items = [...this];
    for (const item of items) this.remove(item);
    return items;
  }
}
