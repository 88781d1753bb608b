import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "@resoio/core/internal";
import { encodeFrame } from "./encode-frame.js";
import type { PictureMessage } from "./picture-message.js";
import type { PictureSettings } from "./picture-settings.js";
import { PictureWatcher, type WatcherChannel } from "./picture-watcher.js";
import type { ProxyClient } from "./proxy-client.js";
import type { Feed, Outlet } from "./served-call.js";
import type { SharedSource } from "./shared-source.js";
import type { Slots } from "./slots.js";
import type { Subscription } from "./subscription.js";

/** Options of {@link PictureChannel}. */
export interface PictureChannelOptions {
  readonly settings: PictureSettings;
  readonly camera: SharedSource;
  /** Limits how many pictures are encoded at once. */
  readonly slots: Slots;
  readonly clock: Clock;
  /** A picture was made. */
  readonly onPicture: (encodeMs: number) => void;
  /** A watcher has missed a picture. */
  readonly onDrop: () => void;
  /** Nobody watches any more, or the pictures have ended. */
  readonly onOver: () => void;
}

/**
 * The pictures of one setting, for all who watch with it. Each frame is encoded once, and only while somebody takes pictures; of
 * the frames that come during an encoding, the newest is next.
 */
export class PictureChannel {
  readonly #options: PictureChannelOptions;
  readonly #watchers = new Set<PictureWatcher>();
  readonly #hooks: WatcherChannel;
  #subscription: Subscription | undefined;
  /** The newest frame, if it was not encoded yet. */
  #frame: WaitingFrame | undefined;
  #isEncoding = false;
  #isOver = false;

  constructor(options: PictureChannelOptions) {
    this.#options = options;
    const isNewerComing = (): boolean => this.#frame !== undefined || this.#subscription?.isHolding === true;
    this.#hooks = {
      get isNewerComing() {
        return isNewerComing();
      },
      onPauseChange: () => this.#adjust(),
      onLeave: (watcher) => {
        if (this.#watchers.delete(watcher)) this.#adjust();
      },
    };
  }

  /** How many watch. */
  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Whether `client` watches. */
  has(client: ProxyClient): boolean {
    return [...this.#watchers].some((watcher) => watcher.client === client);
  }

  /** Joins. The end, though no picture, may come before this returns. */
  join(client: ProxyClient, outlet: Outlet, fpsLimit: number): Feed {
    const watcher = new PictureWatcher(this.#hooks, { client, outlet, fpsLimit, onDrop: this.#options.onDrop });
    this.#watchers.add(watcher);
    if (this.#subscription !== undefined) this.#adjust();
    else {
      const subscription = this.#options.camera.subscribe(
        {
          onHeader() {},
          onMessage: (bytes, release) => {
            this.#frame?.release();
            this.#frame = { bytes, release };
            this.#encode();
          },
          onDrop: () => this.#onMissed(),
          onEnd: (error) => this.#end(error),
        },
        this.#rate,
      );
      if (!this.#isOver) this.#subscription = subscription;
    }
    return watcher;
  }

  /** The highest rate that anybody asks for. */
  get #rate(): number {
    return Math.max(...[...this.#watchers].map(({ fpsLimit }) => fpsLimit));
  }

  get #isAnybodyReady(): boolean {
    return [...this.#watchers].some(({ isPaused }) => !isPaused);
  }

  #adjust(): void {
    if (this.#isOver) return;
    if (this.#watchers.size === 0) {
      this.#end(undefined);
      return;
    }
    this.#subscription?.setDemand(this.#rate);
    if (this.#isAnybodyReady) {
      this.#subscription?.resume();
      this.#encode();
    } else {
      this.#subscription?.pause();
    }
  }

  #encode(): void {
    if (this.#isEncoding || this.#isOver || this.#frame === undefined || !this.#isAnybodyReady) return;
    this.#isEncoding = true;
    void this.#encodeNewest();
  }

  async #encodeNewest(): Promise<void> {
    try {
      const picture = await this.#options.slots.run(() => this.#makePicture());
      if (picture !== undefined) this.#publish(picture);
    } catch (error) {
      this.#end(ConnectError.from(error, Code.Internal));
    }
    this.#isEncoding = false;
    this.#encode();
  }

  async #makePicture(): Promise<PictureMessage | undefined> {
    const { settings, clock, onPicture } = this.#options;
    // Taken only now: while this waited for its turn, newer ones may have come.
    const waiting = this.#frame;
    this.#frame = undefined;
    if (waiting === undefined) return undefined;
    try {
      // A window that has no size for a moment must not end the watching.
      const encoded = await encodeFrame(waiting.bytes, settings, clock);
      if (encoded !== undefined) onPicture(encoded.encodeMs);
      return encoded?.message;
    } finally {
      // A raw picture of the same size is the frame itself, copied by the message that it has become.
      waiting.release();
    }
  }

  #publish(picture: PictureMessage): void {
    const nowMs = this.#options.clock.nowMs();
    const watchers = [...this.#watchers];
    const rate = this.#rate;
    for (const watcher of watchers) if (this.#watchers.has(watcher)) watcher.offer(picture, rate, nowMs);
  }

  #onMissed(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const watcher of [...this.#watchers]) watcher.miss(this.#rate, nowMs);
  }

  #end(error: ConnectError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#frame?.release();
    this.#frame = undefined;
    this.#subscription?.leave();
    // Cleared first: who hears of the end and watches again, opens a new channel.
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    this.#options.onOver();
    for (const watcher of watchers) watcher.end(error);
  }
}

/** A frame that was not encoded yet. */
interface WaitingFrame {
  readonly bytes: Uint8Array;
  readonly release: () => void;
}
