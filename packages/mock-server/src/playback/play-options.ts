import { InvalidOptionsError } from "@resoio/core";
import type { RecordingReader } from "@resoio/recording";
import type { PictureDecoder } from "./picture-decoder.js";

/** How a recording is played as a simulated mod. */
export interface PlayOptions {
  /** The recording. It is read while it is played, and stays open: whoever opened it closes it. */
  readonly recording: RecordingReader;
  /** How fast it plays, from 0.1 to 8. Default 1. */
  readonly speed?: number | undefined;
  /** Whether it begins again at the end, where the recording says that it repeats. Default false. */
  readonly loop?: boolean | undefined;
  /** Where it begins, in milliseconds since its start. Default: where its first call was made, before which nothing happens. */
  readonly fromMs?: number | undefined;
  /**
   * When it begins. `"first-call"`: with the first call that it answers, so that nobody misses anything. `"at-once"`: now. Default
   * `"first-call"`.
   */
  readonly start?: "first-call" | "at-once" | undefined;
  /**
   * What becomes of a call that the recording has no answer to. `"scenario"`: the simulated game answers it. `"fail"`: it fails with
   * `Unavailable` or `NotFound`, and says what is missing. Default `"scenario"`.
   */
  readonly otherwise?: "scenario" | "fail" | undefined;
  /**
   * How long recorded answers take: `"recorded"`: as long as they took when they were recorded, at the speed that it plays. `"none"`:
   * they come at once, as they always do while it is paused. Default `"recorded"`.
   */
  readonly latency?: "recorded" | "none" | undefined;
  /**
   * What streams do at the end, unless it loops. `"wait"`: they stay open and silent, as those of the mod do while the game runs.
   * `"close"`: they end in good order. Default `"wait"`.
   */
  readonly atEnd?: "wait" | "close" | undefined;
  /** What decodes the camera's pictures when they were recorded as JPEG or WebP. Default: `sharp`, which has to be installed then. */
  readonly decodePicture?: PictureDecoder | undefined;
}

/** {@link PlayOptions}, with the recording as a file too. */
export interface PlayFileOptions extends Omit<PlayOptions, "recording"> {
  /** Path of the file, which is opened, and closed with the mod. Or a recording that is open already, and stays open. */
  readonly recording: string | RecordingReader;
}

/** {@link PlayOptions} that were looked at, with what they leave out. */
export interface ResolvedPlayOptions {
  readonly recording: RecordingReader;
  readonly speed: number;
  readonly loop: boolean;
  readonly fromMs: number | undefined;
  readonly start: "first-call" | "at-once";
  readonly otherwise: "scenario" | "fail";
  readonly latency: "recorded" | "none";
  readonly atEnd: "wait" | "close";
  readonly decodePicture: PictureDecoder | undefined;
}

/** Fills in what is left out. Throws {@link InvalidOptionsError} for what cannot be, but for the speed. */
export function resolvePlayOptions(options: PlayOptions): ResolvedPlayOptions {
  const { recording, speed = 1, loop = false, fromMs, decodePicture } = options;
  const { start = "first-call", otherwise = "scenario", latency = "recorded", atEnd = "wait" } = options;
  const { durationMs } = recording.info;
  if (fromMs !== undefined && !(fromMs >= 0 && fromMs <= durationMs)) {
    throw new InvalidOptionsError(
      `a recording of ${durationMs} ms can begin at 0 to ${durationMs} ms, not at ${fromMs}`,
    );
  }
  checkChoice("start", start, ["first-call", "at-once"]);
  checkChoice("otherwise", otherwise, ["scenario", "fail"]);
  checkChoice("latency", latency, ["recorded", "none"]);
  checkChoice("atEnd", atEnd, ["wait", "close"]);
  return { recording, speed, loop, fromMs, start, otherwise, latency, atEnd, decodePicture };
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new InvalidOptionsError(`${name} must be "${choices.join('" or "')}", not "${value}"`);
}
