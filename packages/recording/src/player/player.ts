import type { ChannelEvent, Keyframe } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import type { Clock } from "@resoio/core/internal";
import type { RecordedMessage } from "../reader/recording-reader.js";

/** What a {@link Player} does. */
export type PlayerState = "paused" | "playing" | "ended" | "closed";

/** What a {@link Player} tells about a message beside the message. */
export interface PlayedMessage {
  /** Whether it is from before the place that was sought, and came to restore what was the state there. */
  readonly isRestored: boolean;
  /** For messages of channels: how it was sent. */
  readonly event: ChannelEvent | undefined;
}

/** Options of `createPlayer`. */
export interface PlayerOptions {
  /** How fast it plays, from 0.1 to 8. Default 1. */
  readonly speed?: number | undefined;
  /** Whether it begins again at the end, where the recording says that it repeats. Default false. */
  readonly loop?: boolean | undefined;
  /** Which topics it plays. Default: calls with their messages, channels, and those of the program itself. */
  readonly topics?: readonly string[] | undefined;
  /**
   * Topics of which only the newest message counts, as of a camera: after {@link Player.seek} the last one before that place comes.
   * Default none.
   */
  readonly latestOf?: readonly string[] | undefined;
  /** A message is due. The next one waits for the promise. What is late comes at once, and in order. */
  readonly onMessage: (message: RecordedMessage, played: PlayedMessage) => void | Promise<void>;
  /** The place has changed: all that came before counts no more. Keyframes and messages that restore the state follow. */
  readonly onReset?: ((atMs: number) => void | Promise<void>) | undefined;
  /**
   * What a channel shows at this moment: the first keyframe, or the last one before the place that was sought (`isRestored`); and where the
   * channel began anew (`keyframe.isReset`): whatever it showed before counts no more.
   */
  readonly onKeyframe?:
    | ((keyframe: Keyframe, played: Pick<PlayedMessage, "isRestored">) => void | Promise<void>)
    | undefined;
  /** It plays, pauses or ends. */
  readonly onStateChange?: ((state: PlayerState) => void) | undefined;
  /** One of these callbacks has failed. Default: that ends the player, see {@link Player.ended}. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** The time that it lives in. Default: this machine's. */
  readonly clock?: Clock | undefined;
}

/**
 * Plays a recording in the time that it was recorded in. It begins paused, at the start. Whoever made it closes it; the recording
 * stays open.
 */
export interface Player extends AsyncDisposable {
  readonly state: PlayerState;
  /** Where it is, in milliseconds since the start. */
  readonly positionMs: number;
  /** How long the recording is, in milliseconds. */
  readonly durationMs: number;
  /** How fast it plays. Throws `InvalidOptionsError` when it is set to less than 0.1 or more than 8. */
  speed: number;
  /** Whether it begins again at the end. */
  loop: boolean;
  /** Resolves at the end, and when it is closed. Rejects when the recording is damaged, or a callback failed. */
  readonly ended: Promise<void>;
  /** Goes on. At the end: begins again. */
  play(): void;
  /** Stays where it is. */
  pause(): void;
  /**
   * Goes to a place, in milliseconds since the start, forward or back; what is beyond an end means that end. Resolves when
   * everything is as it would be if the recording had been played up to there, that moment included. 0 is before everything. It
   * goes on to play if it did before.
   *
   * Rejects when the recording is damaged, or a callback fails.
   */
  seek(atMs: number): Promise<void>;
  /** Resolves when everything that is due has been handed over. */
  settled(): Promise<void>;
  /** Stops for good. Resolves when nothing is called any more. */
  close(): Promise<void>;
}
