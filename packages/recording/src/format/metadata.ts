import type { McapTypes } from "@mcap/core";

/** What a recording says about itself at its start: a metadata record of this name. */
export const startMetadataName = "resoio.recording";

/** What it says at its end, which is missing when it broke off. */
export const endMetadataName = "resoio.recording.end";

/** The version of what is in these files, beside MCAP's own. */
export const formatVersion = 1;

/** What is known when a recording begins. */
export interface StartFacts {
  /** When it began: Unix time in nanoseconds. */
  readonly startUnixNanos: bigint;
  /** Which time counts. */
  readonly times: "wall" | "logical";
  /** What the program that recorded has added. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is known when a recording has ended. */
export interface EndFacts {
  /** Recorded time from start to end. */
  readonly durationNanos: bigint;
  /** Where it repeats, from the start. */
  readonly loopStartNanos: bigint | undefined;
  /** How many messages are missing. */
  readonly droppedMessages: number;
}

/** The entries of ours: names that a program's own cannot take. */
const prefix = "resoio.";

export function encodeStartMetadata({ startUnixNanos, times, metadata }: StartFacts): McapTypes.Metadata {
  return {
    name: startMetadataName,
    metadata: new Map([
      ...Object.entries(metadata).filter(([name]) => !name.startsWith(prefix)),
      [`${prefix}version`, `${formatVersion}`],
      [`${prefix}startUnixNanos`, `${startUnixNanos}`],
      [`${prefix}times`, times],
    ]),
  };
}

/** {@link StartFacts} as they were read. */
export interface ReadStartFacts extends StartFacts {
  /** See {@link formatVersion}. */
  readonly version: number;
}

/** `undefined` for what is not ours. */
export function decodeStartMetadata({ metadata }: McapTypes.Metadata): ReadStartFacts | undefined {
  const startUnixNanos = readNanos(metadata.get(`${prefix}startUnixNanos`));
  const version = Number(metadata.get(`${prefix}version`));
  if (startUnixNanos === undefined || !Number.isInteger(version)) return undefined;
  return {
    version,
    startUnixNanos,
    times: metadata.get(`${prefix}times`) === "logical" ? "logical" : "wall",
    metadata: Object.fromEntries([...metadata].filter(([name]) => !name.startsWith(prefix))),
  };
}

export function encodeEndMetadata({ durationNanos, loopStartNanos, droppedMessages }: EndFacts): McapTypes.Metadata {
  return {
    name: endMetadataName,
    metadata: new Map([
      [`${prefix}durationNanos`, `${durationNanos}`],
      ...(loopStartNanos === undefined ? [] : [[`${prefix}loopStartNanos`, `${loopStartNanos}`] as const]),
      [`${prefix}droppedMessages`, `${droppedMessages}`],
    ]),
  };
}

/** `undefined` for what is not ours. */
export function decodeEndMetadata({ metadata }: McapTypes.Metadata): EndFacts | undefined {
  const durationNanos = readNanos(metadata.get(`${prefix}durationNanos`));
  if (durationNanos === undefined) return undefined;
  return {
    durationNanos,
    loopStartNanos: readNanos(metadata.get(`${prefix}loopStartNanos`)),
    droppedMessages: Number(readNanos(metadata.get(`${prefix}droppedMessages`)) ?? 0n),
  };
}

function readNanos(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}
