import { type RecordingReader, recordingFormatVersion } from "@resoio/recording";
import type { Clock } from "../engine/clock.js";
import type { TeardownStage } from "../engine/lifecycle.js";
import type { StandIn } from "../server/stand-in.js";
import { type PlayOptions, resolvePlayOptions } from "./play-options.js";
import type { Playback } from "./playback.js";
import { PlayedCalls } from "./played-calls.js";
import { PlayedStreams } from "./played-streams.js";
import { PlayedTime } from "./played-time.js";
import { UnplayableRecordingError } from "./unplayable-recording-error.js";

/** What {@link createPlayback} needs beside the options. */
export interface PlaybackSurroundings {
  /** How messages name the recording. */
  readonly name: string;
  /** The time that the mod lives in. */
  readonly clock: Clock;
}

/** A recording that answers calls. */
export interface PlayedMod {
  /** For whoever controls it. */
  readonly playback: Playback;
  /** For the routes. */
  readonly standIn: StandIn;
  /** Resolves when it is where it begins, and what it needs is there. Rejects with what it misses. */
  readonly ready: Promise<void>;
  /** The game ends, stage by stage. */
  onStage(stage: TeardownStage): void;
  /** Stops for good. */
  close(): Promise<void>;
}

/**
 * Plays a recording as a mod.
 *
 * Throws `InvalidOptionsError` for options that cannot be, and {@link UnplayableRecordingError}.
 */
export function createPlayback(options: PlayOptions, { name, clock }: PlaybackSurroundings): PlayedMod {
  checkVersion(options.recording, name);
  const resolved = resolvePlayOptions(options);
  const { recording, decodePicture, otherwise, latency } = resolved;
  const streams = new PlayedStreams(recording, { name, decodePicture });
  const time = new PlayedTime(resolved, { name, clock, streams });
  const ready = Promise.all([time.placed(), streams.prepare()]).then(() => {});
  // Who calls hears of it too.
  ready.catch(() => {});
  return {
    playback: time,
    standIn: new PlayedCalls({ recording, name, clock, time, streams, otherwise, latency }),
    ready,
    onStage(stage) {
      streams.onStage(stage);
      // By then everything that streams has ended.
      if (stage === "speaker") void time.close();
    },
    close: () => time.close(),
  };
}

function checkVersion({ info: { formatVersion } }: RecordingReader, name: string): void {
  if (formatVersion === undefined) {
    throw new UnplayableRecordingError(name, "it is an MCAP file, but not one of @resoio/recording");
  }
  if (formatVersion <= recordingFormatVersion) return;
  throw new UnplayableRecordingError(
    name,
    `it is of version ${formatVersion}, and this program knows those up to ${recordingFormatVersion}: update @resoio/mock-server`,
  );
}
