import type { RpcId } from "@resoio/core";
import {
  createPlayer,
  type Player,
  type PlayerState,
  type RecordingInfo,
  type RecordingReader,
} from "@resoio/recording";
import type { Clock } from "../engine/clock.js";
import { readCallEvents } from "./call-events.js";
import { damagedRecordingError } from "./missing-answer.js";
import type { ResolvedPlayOptions } from "./play-options.js";
import type { Playback, PlaybackState } from "./playback.js";
import type { PlayedStreams } from "./played-streams.js";

/** What {@link PlayedTime} works with. */
export interface PlayedTimeSurroundings {
  /** How messages name the recording. */
  readonly name: string;
  /** The time that the mod lives in. */
  readonly clock: Clock;
  /** What gets the messages that are due. */
  readonly streams: PlayedStreams;
}

/** The time of a recording: hands over what is due, and waits for the first call if it has to. */
export class PlayedTime implements Playback {
  readonly unanswered = new Map<RpcId, number>();
  readonly #options: ResolvedPlayOptions;
  readonly #surroundings: PlayedTimeSurroundings;
  readonly #player: Player;
  /** Resolves when it is where it begins. */
  readonly #placed: Promise<void>;
  #isWaiting: boolean;

  /** Throws `InvalidOptionsError` for a speed that cannot be. */
  constructor(options: ResolvedPlayOptions, surroundings: PlayedTimeSurroundings) {
    const { recording, speed, loop, start } = options;
    const { clock, streams } = surroundings;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#player = createPlayer(recording, {
      speed,
      loop,
      topics: [...streams.topics.camera, ...streams.topics.speaker],
      latestOf: streams.topics.camera,
      onMessage: (message) => streams.put(message),
      onReset: () => streams.clear(),
      onStateChange: (state) => this.#onStateChange(state),
      clock: {
        nowMs: () => clock.nowMs(),
        unixNanos: () => clock.unixNanos(),
        // A simulated mod keeps no process alive.
        schedule: (delayMs, task) => clock.schedule(delayMs, task, { background: true }),
      },
    });
    this.#isWaiting = start === "first-call";
    if (!this.#isWaiting) this.#player.play();
    this.#placed = this.#place();
    // Who calls hears of it.
    this.#placed.catch(() => {});
  }

  get info(): RecordingInfo {
    return this.#options.recording.info;
  }

  get state(): PlaybackState {
    const { state } = this.#player;
    return state === "paused" && this.#isWaiting ? "waiting" : state;
  }

  get positionMs(): number {
    return this.#player.positionMs;
  }

  get durationMs(): number {
    return this.#player.durationMs;
  }

  get speed(): number {
    return this.#player.speed;
  }

  set speed(speed: number) {
    this.#player.speed = speed;
  }

  get loop(): boolean {
    return this.#player.loop;
  }

  set loop(loop: boolean) {
    this.#player.loop = loop;
  }

  get ended(): Promise<void> {
    return this.#player.ended;
  }

  play(): void {
    this.#isWaiting = false;
    this.#player.play();
  }

  pause(): void {
    this.#isWaiting = false;
    this.#player.pause();
  }

  async seekMs(ms: number): Promise<void> {
    await this.#placed;
    await this.#player.seek(ms);
  }

  async settled(): Promise<void> {
    await this.#placed;
    await this.#player.settled();
  }

  /** Resolves when it is where it begins. Rejects when the recording is damaged. */
  async placed(): Promise<void> {
    await this.#placed;
  }

  /** A call comes in, with which it begins if it has not. Resolves to where it is then. */
  async begin(): Promise<number> {
    await this.#placed;
    if (this.#isWaiting) this.play();
    return this.positionMs;
  }

  /** Stops for good. */
  async close(): Promise<void> {
    await this.#player.close();
  }

  async #place(): Promise<void> {
    const { recording, fromMs } = this.#options;
    if (fromMs !== undefined) await this.#player.seek(fromMs);
    else {
      const firstMs = await firstCallMs(recording);
      // A nanosecond before it, so that everything is to come that came with it.
      if (firstMs > 0) await this.#player.seek(firstMs - 1e-6);
    }
  }

  #onStateChange(state: PlayerState): void {
    const { name, streams } = this.#surroundings;
    if (state === "ended" && this.#options.atEnd === "close") streams.end();
    if (state === "closed") this.#player.ended.catch((cause) => streams.fail(damagedRecordingError(name, cause)));
  }
}

/** When the first call of a recording was made. 0 when there is none. */
async function firstCallMs(recording: RecordingReader): Promise<number> {
  for await (const { atMs } of readCallEvents(recording)) return atMs;
  return 0;
}
