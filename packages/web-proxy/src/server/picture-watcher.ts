import type { ConnectError } from "@connectrpc/connect";
import { FrameThinner } from "./frame-thinner.js";
import type { PictureMessage } from "./picture-message.js";
import type { ProxyClient } from "./proxy-client.js";
import type { Feed, Outlet } from "./served-call.js";

/** What a {@link PictureWatcher} does to its channel. */
export interface WatcherChannel {
  /** Whether a newer picture than the one that waits is about to be made. */
  readonly isNewerComing: boolean;
  onPauseChange(): void;
  onLeave(watcher: PictureWatcher): void;
}

/** One call of Picture.Watch. While it is paused it keeps the newest picture. */
export class PictureWatcher implements Feed {
  readonly client: ProxyClient;
  /** The most pictures per second. */
  readonly fpsLimit: number;
  readonly #channel: WatcherChannel;
  readonly #outlet: Outlet;
  readonly #onDrop: () => void;
  readonly #thinner: FrameThinner;
  #isPaused = false;
  #held: PictureMessage | undefined;
  #droppedCount = 0;

  constructor(
    channel: WatcherChannel,
    options: { client: ProxyClient; outlet: Outlet; fpsLimit: number; onDrop: () => void },
  ) {
    this.#channel = channel;
    this.client = options.client;
    this.fpsLimit = options.fpsLimit;
    this.#outlet = options.outlet;
    this.#onDrop = options.onDrop;
    this.#thinner = new FrameThinner(options.fpsLimit);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#channel.onPauseChange();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) {
      if (this.#channel.isNewerComing) this.#drop();
      else this.#outlet.message(held.bytesFor(this.#droppedCount));
    }
    this.#channel.onPauseChange();
  }

  leave(): void {
    this.#held = undefined;
    this.#channel.onLeave(this);
  }

  /** For the channel: a picture, which comes at `nowMs`, of at most `rate` per second. */
  offer(picture: PictureMessage, rate: number, nowMs: number): void {
    if (!this.#isDue(rate, nowMs)) {
      if (this.#held !== undefined) this.#held = picture;
    } else if (this.#isPaused) {
      if (this.#held !== undefined) this.#drop();
      this.#held = picture;
    } else {
      this.#outlet.message(picture.bytesFor(this.#droppedCount));
    }
  }

  /** For the channel: a picture was not even made, because nobody would have taken it. */
  miss(rate: number, nowMs: number): void {
    if (this.#isDue(rate, nowMs)) this.#drop();
  }

  /** For the channel: no picture follows. */
  end(error: ConnectError | undefined): void {
    this.#held = undefined;
    this.#outlet.end(error);
  }

  /** Who wants as many as are made gets all of them: thinning by arrival would take jitter for haste. */
  #isDue(rate: number, nowMs: number): boolean {
    return this.fpsLimit >= rate || this.#thinner.isDue(nowMs);
  }

  #drop(): void {
    this.#droppedCount++;
    this.client.counters.droppedFrames++;
    this.#onDrop();
  }
}
