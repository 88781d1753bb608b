import { InvalidOptionsError } from "@resoio/core";
import { systemClock } from "@resoio/core/internal";
import { isPlayedTopic } from "../format/topics.js";
import type { RecordingReader } from "../reader/recording-reader.js";
import { Feed, type Place, type Played } from "./feed.js";
import type { Player, PlayerOptions, PlayerState } from "./player.js";
import { Playhead } from "./playhead.js";

const slowest = 0.1;
const fastest = 8;

/** Recorded times are whole nanoseconds. What is nearer is due: a clock need not be able to count so little. */
const toleranceMs = 5e-7;

/**
 * Makes a {@link Player} of a recording.
 *
 * Throws {@link InvalidOptionsError} for a speed that cannot be.
 */
export function createPlayer(reader: RecordingReader, options: PlayerOptions): Player {
  return new PlayerImpl(reader, options);
}

/** A change of place that is asked for. */
interface Move {
  /** `undefined`: where the recording repeats. */
  readonly place: Place | undefined;
  readonly atMs: number;
  readonly done: PromiseWithResolvers<void>;
}

class PlayerImpl implements Player {
  readonly durationMs: number;
  loop: boolean;
  readonly #reader: RecordingReader;
  readonly #options: PlayerOptions;
  readonly #feed: Feed;
  readonly #playhead: Playhead;
  #state: PlayerState = "paused";
  #items: AsyncGenerator<Played, void, void>;
  #next: Played | undefined;
  #move: Move | undefined;
  #ended = createEnd();
  #idle: PromiseWithResolvers<void> = Promise.withResolvers();
  #wake = (): void => {};

  constructor(reader: RecordingReader, options: PlayerOptions) {
    const { speed = 1, loop = false, clock = systemClock, topics, latestOf = [] } = options;
    checkSpeed(speed);
    this.#reader = reader;
    this.#options = options;
    this.loop = loop;
    this.durationMs = reader.info.durationMs;
    const played = topics ?? reader.topics.map(({ topic }) => topic).filter(isPlayedTopic);
    this.#feed = new Feed(reader, played, latestOf);
    this.#playhead = new Playhead(clock, this.durationMs, speed);
    this.#items = this.#feed.from({ kind: "start" });
    void this.#run();
  }

  get state(): PlayerState {
    return this.#state;
  }

  get positionMs(): number {
    return this.#playhead.positionMs;
  }

  get speed(): number {
    return this.#playhead.speed;
  }

  set speed(speed: number) {
    checkSpeed(speed);
    this.#playhead.speed = speed;
    this.#wake();
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  play(): void {
    if (this.#state === "ended") {
      this.#ended = createEnd();
      void this.#goTo({ kind: "start" }, 0);
    } else if (this.#state !== "paused") return;
    this.#setState("playing");
  }

  pause(): void {
    if (this.#state === "playing") this.#setState("paused");
  }

  async seek(atMs: number): Promise<void> {
    if (Number.isNaN(atMs))
      throw new InvalidOptionsError("a place in a recording is a number of milliseconds, not NaN");
    if (this.#state === "closed") return;
    if (this.#state === "ended") {
      this.#ended = createEnd();
      this.#setState("paused");
    }
    const placeMs = Math.min(Math.max(atMs, 0), this.durationMs);
    await this.#goTo(placeMs === 0 ? { kind: "start" } : { kind: "after", atMs: placeMs }, placeMs);
  }

  async settled(): Promise<void> {
    if (this.#state === "closed") return;
    this.#idle = Promise.withResolvers();
    const { promise } = this.#idle;
    this.#wake();
    await promise;
  }

  async close(): Promise<void> {
    this.#finish(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    try {
      while (this.#state !== "closed") {
        const move = this.#move;
        if (move !== undefined) {
          await this.#perform(move);
          continue;
        }
        if (this.#state !== "playing") {
          await this.#rest(undefined);
          continue;
        }
        this.#next ??= await this.#read();
        // In the meantime much may have happened.
        if (this.#state !== "playing" || this.#move !== undefined) continue;
        const restMs = this.#playhead.msUntil(this.#next?.message.atMs ?? this.durationMs);
        if (restMs > toleranceMs) await this.#rest(restMs);
        else if (this.#next === undefined) this.#reachEnd();
        else await this.#handOver(this.#next);
      }
    } catch (error) {
      this.#finish({ error });
    }
    await this.#items.return();
  }

  async #read(): Promise<Played | undefined> {
    const result = await this.#items.next();
    return result.done === true ? undefined : result.value;
  }

  async #handOver(played: Played): Promise<void> {
    this.#next = undefined;
    await this.#tell(played, false);
  }

  /** Nothing is due for `ms` milliseconds, or until something is asked for. */
  async #rest(ms: number | undefined): Promise<void> {
    const { clock = systemClock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#idle.resolve();
    const cancel = ms === undefined ? undefined : clock.schedule(ms, resolve);
    await promise;
    cancel?.();
    this.#wake = () => {};
  }

  #reachEnd(): void {
    const { loopStartMs = 0 } = this.#reader.info;
    const lengthMs = this.durationMs - loopStartMs;
    if (!this.loop || !(lengthMs > 0)) {
      this.#setState("ended");
      this.#ended.resolve();
      return;
    }
    // What it is late by is not lost.
    const lateMs = (this.#playhead.unboundedMs - this.durationMs) % lengthMs;
    void this.#goTo(undefined, loopStartMs + lateMs);
  }

  async #goTo(place: Place | undefined, atMs: number): Promise<void> {
    const superseded = this.#move;
    const done = superseded?.done ?? Promise.withResolvers<void>();
    this.#move = { place, atMs, done };
    this.#playhead.run(false);
    this.#playhead.moveTo(atMs);
    this.#wake();
    await done.promise;
  }

  async #perform(move: Move): Promise<void> {
    try {
      const place = move.place ?? (await this.#feed.loopPlace());
      await this.#items.return();
      this.#next = undefined;
      await this.#guard(() => this.#options.onReset?.(move.atMs));
      for await (const played of this.#feed.before(place)) {
        if (this.#move !== move || this.#state === "closed") return;
        await this.#tell(played, true);
      }
      this.#items = this.#feed.from(place);
    } catch (error) {
      move.done.promise.catch(() => {});
      move.done.reject(error);
      throw error;
    }
    if (this.#move !== move) return;
    this.#move = undefined;
    this.#playhead.run(this.#state === "playing");
    move.done.resolve();
  }

  async #tell(played: Played, isRestored: boolean): Promise<void> {
    const { onMessage, onKeyframe } = this.#options;
    await this.#guard(() =>
      played.kind === "keyframe"
        ? onKeyframe?.(played.keyframe, { isRestored })
        : onMessage(played.message, { isRestored, event: played.event }),
    );
  }

  async #guard(callback: () => void | Promise<void> | undefined): Promise<void> {
    const { onError } = this.#options;
    try {
      await callback();
    } catch (error) {
      if (onError === undefined) throw error;
      onError(error);
    }
  }

  #setState(state: PlayerState): void {
    this.#state = state;
    this.#playhead.run(state === "playing" && this.#move === undefined);
    this.#wake();
    try {
      this.#options.onStateChange?.(state);
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  #finish(failure: { readonly error: unknown } | undefined): void {
    if (this.#state === "closed") return;
    this.#setState("closed");
    this.#move?.done.resolve();
    this.#idle.resolve();
    if (failure === undefined) this.#ended.resolve();
    else this.#ended.reject(failure.error);
  }
}

function createEnd(): PromiseWithResolvers<void> {
  const end = Promise.withResolvers<void>();
  // Nobody has to wait for it.
  end.promise.catch(() => {});
  return end;
}

function checkSpeed(speed: number): void {
  if (speed >= slowest && speed <= fastest) return;
  throw new InvalidOptionsError(`a recording plays at a speed from ${slowest} to ${fastest}, not ${speed}`);
}
