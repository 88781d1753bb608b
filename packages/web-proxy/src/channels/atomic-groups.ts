import { InvalidOptionsError } from "@resoio/core";
import type { Clock } from "@resoio/core/internal";
import { ChannelSendError } from "./channel-error.js";
import { isThenable } from "./handlers.js";
import type { OutgoingMessage } from "./outgoing.js";

/** Options of `atomic`. */
export interface AtomicOptions {
  /**
   * What to do with what was sent so far when the function throws: `"discard"` it, or `"commit"` it. The error is passed on either way.
   * Default `"discard"`.
   */
  readonly onThrow?: "discard" | "commit";
}

/** Options of `begin`. */
export interface HeldGroupOptions {
  /** How long the group may be held, in milliseconds. Default 5,000. */
  readonly maxHoldMs?: number;
  /** What to do with it then: `"discard"` it, or `"commit"` it. Default `"discard"`. */
  readonly onTimeout?: "discard" | "commit";
}

/** A message and what it is for. */
export interface HeldMessage {
  readonly message: OutgoingMessage;
}

/** Options of {@link AtomicGroups}. */
export interface AtomicGroupsOptions<Held extends HeldMessage> {
  /** Sends the messages of a complete group, in order. There is at least one. */
  readonly commit: (held: readonly Held[]) => void;
  /** The most messages of a group. */
  readonly maxMessages: () => number;
  /** The most bytes of a group. */
  readonly maxBytes: () => number;
  readonly clock: Clock;
}

/**
 * Groups that are being put together. What a function sends while {@link run} runs it is one group; what others send meanwhile is not
 * held up by it, as nothing else runs meanwhile. A group of {@link begin} takes what is given to it, whatever is sent beside.
 */
export class AtomicGroups<Held extends HeldMessage> {
  readonly #options: AtomicGroupsOptions<Held>;
  readonly #held = new Set<HeldGroup<Held>>();
  #running: HeldGroup<Held> | undefined;

  constructor(options: AtomicGroupsOptions<Held>) {
    this.#options = options;
  }

  /** Holds a message when a function of {@link run} is running. False: none is, and the message is to be sent. */
  hold(held: Held): boolean {
    this.#running?.add(held);
    return this.#running !== undefined;
  }

  /**
   * Runs `work` and makes one group of what it sends. Within another `run`, what it sends becomes part of the outer group.
   *
   * Throws what `work` throws, and {@link InvalidOptionsError} when it returns a promise: what is sent once it waits would not be in
   * the group.
   */
  run<T>(work: () => T, { onThrow = "discard" }: AtomicOptions = {}): T {
    const outer = this.#running;
    const group = outer ?? new HeldGroup(this.#options, () => {});
    const before = group.size;
    this.#running = group;
    try {
      const result = work();
      if (isThenable(result)) {
        // What is thrown here is more use than what it fails with.
        Promise.resolve(result).catch(() => {});
        throw new InvalidOptionsError(
          "atomic takes a function that is through when it returns; for one that waits, use begin",
        );
      }
      return result;
    } catch (error) {
      if (onThrow === "discard") group.truncate(before);
      throw error;
    } finally {
      this.#running = outer;
      if (outer === undefined) group.commit();
    }
  }

  /** Makes a group to which messages are given one by one. */
  begin({ maxHoldMs = 5_000, onTimeout = "discard" }: HeldGroupOptions = {}): HeldGroup<Held> {
    if (!(maxHoldMs > 0)) throw new InvalidOptionsError(`maxHoldMs must be above 0, not ${maxHoldMs}`);
    const group = new HeldGroup(this.#options, () => {
      cancel();
      this.#held.delete(group);
    });
    const cancel = this.#options.clock.schedule(maxHoldMs, () =>
      group.end(onTimeout, `was held for more than ${maxHoldMs} ms`),
    );
    this.#held.add(group);
    return group;
  }

  /** Discards the groups that are held. */
  close(): void {
    for (const group of this.#held) group.end("discard", "went with its channel");
  }
}

/** A group that is being put together. */
export class HeldGroup<Held extends HeldMessage> {
  readonly #options: AtomicGroupsOptions<Held>;
  readonly #onEnd: () => void;
  #held: Held[] = [];
  #bytes = 0;
  /** Why it takes nothing more. */
  #endReason: string | undefined;

  constructor(options: AtomicGroupsOptions<Held>, onEnd: () => void) {
    this.#options = options;
    this.#onEnd = onEnd;
  }

  /** How many messages it holds. */
  get size(): number {
    return this.#held.length;
  }

  /** Whether messages can be added. */
  get isOpen(): boolean {
    return this.#endReason === undefined;
  }

  /** Adds a message. Throws {@link ChannelSendError} when the group is over, or would be too large. */
  add(held: Held): void {
    if (this.#endReason !== undefined) {
      throw new ChannelSendError("group-over", `${held.message.name} comes too late: its group ${this.#endReason}`);
    }
    const [maxMessages, maxBytes] = [this.#options.maxMessages(), this.#options.maxBytes()];
    const bytes = this.#bytes + held.message.bytes.byteLength;
    if (this.#held.length >= maxMessages || bytes > maxBytes) {
      throw new ChannelSendError(
        "too-large",
        `a group takes ${maxMessages} messages and ${maxBytes} bytes, and no more`,
      );
    }
    this.#held.push(held);
    this.#bytes = bytes;
  }

  /** Drops what was added behind the first `size` messages. */
  truncate(size: number): void {
    for (const { message } of this.#held.splice(size)) {
      this.#bytes -= message.bytes.byteLength;
      message.receipt?.settle("dropped");
    }
  }

  /** Sends it. Does nothing when it is over. */
  commit(): void {
    this.end("commit", "was sent");
  }

  /** Ends it, one way or the other. Does nothing when it is over. `reason` is told to who adds to it all the same. */
  end(how: "commit" | "discard", reason: string): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    if (how === "discard") this.truncate(0);
    const held = this.#held;
    this.#held = [];
    this.#onEnd();
    if (held.length > 0) this.#options.commit(held);
  }
}
