import { InvalidOptionsError } from "@resoio/core";
import type { Recording } from "@resoio/recording";
import { InvalidArgumentError } from "commander";
import type { ProxyRecordingOptions } from "../server/recording/proxy-recording-options.js";
import type { RunningProxy } from "../server/web-proxy.js";

/** What the command can be told about recording. */
export interface RecordOptions {
  readonly record?: string;
  readonly recordCamera?: ProxyRecordingOptions["camera"];
  readonly recordAlways?: ProxyRecordingOptions["keepOpen"];
}

/** Reads `raw`, `jpeg`, `webp`, or `jpeg:640`: how the camera is recorded, and how wide at most. */
export function parseRecordedCamera(text: string): ProxyRecordingOptions["camera"] {
  const [, format, width] = /^(raw|jpeg|webp)(?::([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (format === "raw" && width === undefined) return "raw";
  if (format !== "jpeg" && format !== "webp") {
    throw new InvalidArgumentError("expected raw, jpeg or webp, and perhaps a width, as in jpeg:640");
  }
  return { format, ...(width === undefined ? {} : { maxWidth: Number(width) }) };
}

/** Reads `camera,speaker`: what is recorded although no page looks. */
export function parseRecordedStreams(text: string): ProxyRecordingOptions["keepOpen"] {
  const names = text.split(",").map((name) => name.trim());
  if (!names.every((name) => name === "camera" || name === "speaker")) {
    throw new InvalidArgumentError("expected camera, speaker, or camera,speaker");
  }
  return { camera: names.includes("camera"), speaker: names.includes("speaker") };
}

/**
 * Starts the recording that the command was asked for, if it was. Resolves when the file is there.
 *
 * Rejects with `RecordingFailedError` when it cannot be written, and with {@link InvalidOptionsError} for options without a file.
 */
export async function startRecording(
  proxy: RunningProxy,
  { record: file, recordCamera: camera, recordAlways: keepOpen }: RecordOptions,
): Promise<Recording | undefined> {
  if (file === undefined) {
    if (camera === undefined && keepOpen === undefined) return undefined;
    throw new InvalidOptionsError("--record-camera and --record-always say how --record records: give a file with it");
  }
  const recording = proxy.startRecording({ file, camera, keepOpen });
  await recording.started;
  return recording;
}

/** What came of a recording, in one line. */
export async function reportRecording(recording: Recording): Promise<string> {
  const { messages, byteLength, durationMs, droppedMessages } = await recording.end();
  const missing = droppedMessages === 0 ? "" : `, ${droppedMessages} are missing`;
  const seconds = (durationMs / 1_000).toFixed(1);
  return `recorded ${seconds} s: ${messages} messages, ${(byteLength / 1e6).toFixed(1)} MB${missing}`;
}
