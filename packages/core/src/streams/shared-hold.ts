/** Counts who still needs something that several have. When nobody does any more, `onFree` is called, once. */
export class SharedHold {
  readonly #onFree: () => void;
  #count = 1;

  /** Whoever makes it holds it. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  /** One more holds it. Not after the last has let go. */
  add(): void {
    this.#count++;
  }

  /** One lets go. */
  release(): void {
    if (--this.#count === 0) this.#onFree();
  }
}
