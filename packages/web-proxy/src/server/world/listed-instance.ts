import { Code, ConnectError, type OpenWorld, SessionClient, WorldClient } from "@resoio/core";
import { describeOpenWorld, type InstanceFacts } from "../../world/instance-facts.js";
import type { RunningEngine } from "./engine-source.js";

/** Options of {@link ListedInstance}. */
export interface ListedInstanceOptions {
  readonly id: string;
  /** See {@link ListedInstance.worldId}. */
  readonly worldId: string | undefined;
  readonly engine: RunningEngine;
  /** Now, as Unix time in milliseconds. */
  readonly now: () => number;
  /** How old what the mod told may be, in milliseconds. */
  readonly maxAgeMs: number;
  /** How long the mod may take to tell it, in milliseconds. */
  readonly timeoutMs: number;
}

const beforeTheFirstAnswer: InstanceFacts = {
  name: "World",
  state: "starting",
  playerCount: 0,
  capacity: 1,
  joinPolicy: "private",
};

/** One instance: an engine, for as long as it runs, or a world that was started on one. */
export class ListedInstance {
  readonly id: string;
  /** The world that was started for it; `undefined`: the one that its engine belongs to. */
  readonly worldId: string | undefined;
  readonly engine: RunningEngine;
  /** Epoch seconds. */
  readonly createdAt: number;
  readonly #options: ListedInstanceOptions;
  #facts = beforeTheFirstAnswer;
  #updatedAt: number;
  #closedAtMs: number | undefined;
  #readAtMs = -Infinity;
  #reading: Promise<void> | undefined;
  #startedHandle: number | undefined;
  #isOver = false;
  #isHeld = false;

  constructor(options: ListedInstanceOptions) {
    this.#options = options;
    this.id = options.id;
    this.worldId = options.worldId;
    this.engine = options.engine;
    this.createdAt = Math.floor(options.now() / 1_000);
    this.#updatedAt = this.createdAt;
  }

  /** What was told last. */
  get facts(): InstanceFacts {
    return this.#facts;
  }

  /** When anything of {@link facts} last changed, in epoch seconds. */
  get updatedAt(): number {
    return this.#updatedAt;
  }

  /** When it was closed, as Unix time in milliseconds; `undefined` while it is not. */
  get closedAtMs(): number | undefined {
    return this.#closedAtMs;
  }

  /** Whether the world that was started for it is not open any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Asks the mod how things are, unless it did so lately. Callers at the same time share one question. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#closedAtMs !== undefined || this.#isHeld || this.#isOver) return;
    if (this.#reading === undefined) {
      const nowMs = this.#options.now();
      // A clock that was set back must not stop the questions.
      if (Math.abs(nowMs - this.#readAtMs) < this.#options.maxAgeMs) return;
      this.#readAtMs = nowMs;
      this.#reading = this.#read().finally(() => {
        this.#reading = undefined;
      });
    }
    await this.#reading;
  }

  /** Stays `starting`, whatever the mod says, until {@link started}. */
  hold(): void {
    this.#isHeld = true;
  }

  /** The world that was started for it is open, as long as which it lives. */
  started({ handle }: OpenWorld): void {
    this.#isHeld = false;
    this.#startedHandle = handle;
    this.#readAtMs = -Infinity;
  }

  /** It is over, for good. False when it was already. */
  close(): boolean {
    if (this.#closedAtMs !== undefined) return false;
    this.#closedAtMs = this.#options.now();
    this.#change({ ...this.#facts, state: "closed" });
    return true;
  }

  async #read(): Promise<void> {
    const { timeoutMs } = this.#options;
    const { transport } = this.engine;
    const [worlds, settings] = await Promise.allSettled([
      new WorldClient(transport).listOpenWorlds({ timeoutMs }),
      new SessionClient(transport).getSettings({ timeoutMs }),
    ]);
    if (this.#closedAtMs !== undefined) return;
    if (worlds.status === "rejected") return this.#failed(worlds.reason);
    const { value: open } = worlds;
    if (this.#startedHandle !== undefined && !open.some(({ handle }) => handle === this.#startedHandle)) {
      this.#isOver = true;
      return;
    }
    const focused = open.find(({ focused: isFocused }) => isFocused);
    if (focused === undefined) return this.#change({ ...this.#facts, state: "starting" });
    this.#change(describeOpenWorld(focused, settings.status === "fulfilled" ? settings.value : undefined));
  }

  #failed(reason: unknown): void {
    const { code } = ConnectError.from(reason);
    // A mod that does not answer in time, or not as it should, is still there: what it told last is the best there is.
    if (code !== Code.Unavailable && code !== Code.FailedPrecondition) return;
    const wasOpen = this.#facts.state === "open" || this.#facts.state === "full" || this.#facts.state === "closing";
    // Whether it is gone its source will tell.
    this.#change({ ...this.#facts, state: wasOpen && code === Code.Unavailable ? "closing" : "starting" });
  }

  #change(facts: InstanceFacts): void {
    const { name, state, playerCount, capacity, joinPolicy } = this.#facts;
    const isSame =
      name === facts.name &&
      state === facts.state &&
      playerCount === facts.playerCount &&
      capacity === facts.capacity &&
      joinPolicy === facts.joinPolicy;
    if (isSame) return;
    this.#facts = facts;
    this.#updatedAt = Math.max(this.createdAt, Math.floor(this.#options.now() / 1_000));
  }
}
