import { MalformedRecordingError, type RecordingReader } from "@resoio/recording";
import { openRecordingFile } from "@resoio/recording/node";
import type { PlayFileOptions, PlayOptions } from "./play-options.js";
import { UnplayableRecordingError } from "./unplayable-recording-error.js";

/** What is played, once it is open. */
export interface OpenedPlay {
  readonly options: PlayOptions | undefined;
  /** How messages name the recording. */
  readonly name: string | undefined;
  /** Closes what was opened here. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Opens the file that is played, if it is one. A recording that breaks off is played up to where it does.
 *
 * Rejects with {@link UnplayableRecordingError} for a file that is no recording, and with the system's error when it cannot be opened.
 */
export async function openPlay(play: string | PlayFileOptions | undefined): Promise<OpenedPlay> {
  if (play === undefined) return { options: undefined, name: undefined, close: async () => {} };
  const { recording, ...others } = typeof play === "string" ? { recording: play } : play;
  if (typeof recording !== "string") {
    return { options: { ...others, recording }, name: undefined, close: async () => {} };
  }
  const opened = await openFile(recording);
  let closing: Promise<void> | undefined;
  return {
    options: { ...others, recording: opened },
    name: recording,
    async close() {
      closing ??= opened.close();
      await closing;
    },
  };
}

async function openFile(path: string): Promise<RecordingReader> {
  try {
    return await openRecordingFile(path);
  } catch (error) {
    if (error instanceof MalformedRecordingError) throw new UnplayableRecordingError(path, error.message, error);
    throw error;
  }
}
