import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "@resoio/core/internal";
import { PictureChannel } from "./picture-channel.js";
import { nameOfSettings, readPictureWish } from "./picture-settings.js";
import type { ProxyClient } from "./proxy-client.js";
import type { Feed, Outlet } from "./served-call.js";
import type { SharedSource } from "./shared-source.js";
import { Slots } from "./slots.js";

/** Options of {@link PictureService}. */
export interface PictureServiceOptions {
  readonly camera: SharedSource;
  readonly clock: Clock;
  /** How many pictures are encoded at once. */
  readonly maxEncodings: number;
  /** How many different settings may be watched at once. */
  readonly maxSettings: number;
  /** How many of them by one client. */
  readonly maxSettingsPerClient: number;
}

/** What was encoded. */
export interface EncodingStats {
  /** Pictures that were made; raw ones count as well. */
  readonly count: number;
  /** How long that took, in milliseconds. */
  readonly totalMs: number;
  /** The same for the settings that are being watched, by name, such as `jpeg q80 w640`. */
  readonly perSetting: Readonly<Record<string, SettingStats>>;
}

/** What was encoded with one setting since it is being watched. */
export interface SettingStats {
  readonly watchers: number;
  readonly count: number;
  readonly totalMs: number;
}

/** Serves Picture.Watch from the shared camera. */
export class PictureService {
  readonly #options: PictureServiceOptions;
  readonly #slots: Slots;
  readonly #settings = new Map<string, WatchedSetting>();
  readonly #totals = { count: 0, totalMs: 0 };
  #droppedPictures = 0;

  constructor(options: PictureServiceOptions) {
    this.#options = options;
    this.#slots = new Slots(options.maxEncodings);
  }

  get stats(): EncodingStats {
    const perSetting: Record<string, SettingStats> = {};
    for (const [name, { channel, count, totalMs }] of this.#settings) {
      perSetting[name] = { watchers: channel.watcherCount, count, totalMs };
    }
    return { ...this.#totals, perSetting };
  }

  /** Pictures that watchers were too slow for. */
  get droppedPictures(): number {
    return this.#droppedPictures;
  }

  /**
   * Answers a request. Throws `InvalidArgument` for settings out of range and `ResourceExhausted` for one setting too many.
   */
  serve(client: ProxyClient, request: Uint8Array, outlet: Outlet): Feed {
    const { settings, fpsLimit } = readPictureWish(request);
    const name = nameOfSettings(settings);
    this.#checkLimits(client, name);
    let watched = this.#settings.get(name);
    if (watched === undefined) {
      const created: WatchedSetting = {
        channel: new PictureChannel({
          ...this.#options,
          settings,
          slots: this.#slots,
          onPicture: (encodeMs) => {
            for (const counts of [created, this.#totals]) {
              counts.count++;
              counts.totalMs += encodeMs;
            }
          },
          onDrop: () => this.#droppedPictures++,
          onOver: () => this.#settings.delete(name),
        }),
        count: 0,
        totalMs: 0,
      };
      this.#settings.set(name, created);
      watched = created;
    }
    return watched.channel.join(client, outlet, fpsLimit);
  }

  #checkLimits(client: ProxyClient, name: string): void {
    const { maxSettings, maxSettingsPerClient } = this.#options;
    const existing = this.#settings.get(name);
    if (existing === undefined && this.#settings.size >= maxSettings) {
      const used = [...this.#settings.keys()].join(", ");
      throw new ConnectError(
        `pictures are made in ${maxSettings} different settings already, which is the limit; use one of them: ${used}`,
        Code.ResourceExhausted,
      );
    }
    if (existing?.channel.has(client) === true) return;
    const own = [...this.#settings.values()].filter(({ channel }) => channel.has(client)).length;
    if (own < maxSettingsPerClient) return;
    throw new ConnectError(
      `this client watches pictures in ${own} different settings already, which is the limit`,
      Code.ResourceExhausted,
    );
  }
}

/** A setting that somebody watches with. */
interface WatchedSetting {
  readonly channel: PictureChannel;
  count: number;
  totalMs: number;
}
