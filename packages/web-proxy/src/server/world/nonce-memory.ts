/** Options of {@link NonceMemory}. */
export interface NonceMemoryOptions {
  /** How many nonces are remembered at most. Default 10,000. */
  readonly maxNonces?: number | undefined;
}

/** What became of a nonce. */
export type NonceVerdict = "new" | "used" | "memory-full";

/** Remembers the nonces of private requests for as long as such a request is accepted. */
export class NonceMemory {
  readonly #maxNonces: number;
  /** With the time at which each may be forgotten, in epoch seconds. */
  readonly #nonces = new Map<string, number>();

  constructor({ maxNonces = 10_000 }: NonceMemoryOptions = {}) {
    this.#maxNonces = maxNonces;
  }

  /**
   * Uses a nonce of a player up. When there is no room for it the request must be refused: forgetting another would let that one be
   * sent again.
   */
  use(player: Uint8Array, nonce: string, untilSeconds: number, nowSeconds: number): NonceVerdict {
    // By the key: the same player can write his id in several ways.
    const key = `${Buffer.from(player).toString("hex")} ${nonce}`;
    const known = this.#nonces.get(key);
    if (known !== undefined && known >= nowSeconds) return "used";
    if (this.#nonces.size >= this.#maxNonces) this.#forget(nowSeconds);
    if (this.#nonces.size >= this.#maxNonces) return "memory-full";
    this.#nonces.set(key, untilSeconds);
    return "new";
  }

  #forget(nowSeconds: number): void {
    for (const [key, untilSeconds] of this.#nonces) {
      if (untilSeconds < nowSeconds) this.#nonces.delete(key);
    }
  }
}
