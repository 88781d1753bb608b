import type { RpcId } from "@resoio/core";
import type { RecordingInfo } from "@resoio/recording";

/** What a {@link Playback} does. `waiting`: it begins with the first call. */
export type PlaybackState = "waiting" | "playing" | "paused" | "ended" | "closed";

/** The time of a recording that is played as a simulated mod. */
export interface Playback {
  /** What the recording says about itself. */
  readonly info: RecordingInfo;
  readonly state: PlaybackState;
  /** Where it is, in milliseconds since the start of the recording. */
  readonly positionMs: number;
  /** How long the recording is, in milliseconds. */
  readonly durationMs: number;
  /** How fast it plays. Throws `InvalidOptionsError` when it is set to less than 0.1 or more than 8. */
  speed: number;
  /** Whether it begins again at the end. */
  loop: boolean;
  /** Resolves at the end, and when the mod is closed. Rejects when the recording is damaged. */
  readonly ended: Promise<void>;
  /** The calls that the recording had no answer to, by RPC: the scenario answered them, or they failed. */
  readonly unanswered: ReadonlyMap<RpcId, number>;
  /** Goes on. At the end: begins again. */
  play(): void;
  /** Stays where it is. Answers are those of this moment, and a new camera stream gets its picture. */
  pause(): void;
  /**
   * Goes to a place, in milliseconds since the start, forward or back; what is beyond an end means that end. Resolves when everything
   * is as it would be if the recording had been played up to there, that moment included. It goes on to play if it did before, but
   * not from the end.
   *
   * Rejects with `MalformedRecordingError` when the recording is damaged, and with `InvalidOptionsError` for what is no number.
   */
  seekMs(ms: number): Promise<void>;
  /** Resolves when every picture and sound that is due has been handed over. For a clock that a test moves. */
  settled(): Promise<void>;
}
