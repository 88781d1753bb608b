/** Options of {@link RateLimiter}. */
export interface RateLimiterOptions {
  /** How many may come at once. */
  readonly burst: number;
  /** How many may come per second in the long run. */
  readonly perSecond: number;
  /** A clock in milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** How many keys are remembered. Who was longest silent is forgotten first, and starts afresh. */
const maxKeys = 10_000;

/** Lets so many through for each key: a burst, then one after the other. */
export class RateLimiter {
  readonly #burst: number;
  readonly #perMs: number;
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor({ burst, perSecond, now = () => performance.now() }: RateLimiterOptions) {
    this.#burst = burst;
    this.#perMs = perSecond / 1_000;
    this.#now = now;
  }

  /** Whether one more may come for `key`; if so, it has. */
  take(key: string): boolean {
    const nowMs = this.#now();
    const known = this.#buckets.get(key);
    const tokens =
      known === undefined ? this.#burst : Math.min(this.#burst, known.tokens + (nowMs - known.atMs) * this.#perMs);
    const isFree = tokens >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: isFree ? tokens - 1 : tokens, atMs: nowMs });
    if (this.#buckets.size > maxKeys) this.#forgetOldest();
    return isFree;
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
