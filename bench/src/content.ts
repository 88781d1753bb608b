import type { MessageInitShape } from "@bufbuild/protobuf";
import { CameraFrameFormat, type CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import type { PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { InventoryEntryKind, type InventoryListingSchema } from "@resoio/core/gen/resonite_io/v1/inventory_pb";
import type {
  MicrophoneAudioFrameSchema,
  MicrophoneStreamSummarySchema,
} from "@resoio/core/gen/resonite_io/v1/microphone_pb";
import type { AudioFrameSchema } from "@resoio/core/gen/resonite_io/v1/speaker_pb";

// What is sent to every client, by every server.

/** The picture sizes that are measured. */
export const sizes = {
  "640x480": { width: 640, height: 480 },
  "1280x720": { width: 1280, height: 720 },
  "1920x1080": { width: 1920, height: 1080 },
  "3840x2160": { width: 3840, height: 2160 },
} as const;

/** The time of everything: a time, and not the smallest number. */
const unixNanos = 1_767_225_600_000_000_000n;

/** A camera frame. */
export function picture({ width, height }: { readonly width: number; readonly height: number }) {
  return {
    width,
    height,
    format: CameraFrameFormat.RGBA8,
    unixNanos,
    pixels: new Uint8Array(width * height * 4).fill(127),
  } satisfies MessageInitShape<typeof CameraFrameSchema>;
}

/** Samples per channel of a piece of sound, as audio drivers give them. */
const sampleCount = 1024;

/** A piece of the speaker's sound. */
export const sound = {
  frameId: 1n,
  unixNanos,
  sampleCount,
  samples: new Uint8Array(sampleCount * 2 * Float32Array.BYTES_PER_ELEMENT),
} satisfies MessageInitShape<typeof AudioFrameSchema>;

/** Samples of a piece of sound for the microphone: a fiftieth of a second. */
export const spokenSamples = new Float32Array(960);

/** The same as a message of the contract. */
export function spokenFrame(index: number) {
  return {
    frameId: BigInt(index),
    unixNanos,
    sampleCount: spokenSamples.length,
    samples: new Uint8Array(spokenSamples.buffer),
  } satisfies MessageInitShape<typeof MicrophoneAudioFrameSchema>;
}

/** The answer to a ping. */
export const pong = { message: "ping", serverUnixNanos: unixNanos } satisfies MessageInitShape<
  typeof PingResponseSchema
>;

/** How many entries the listing has. */
export const listingLength = 5_000;

/** A large answer of many small parts. */
export const listing = {
  path: "/Inventory",
  entries: Array.from({ length: listingLength }, (_, index) => ({
    name: `Thing number ${index}`,
    path: `/Inventory/Thing number ${index}`,
    kind: InventoryEntryKind.OBJECT,
    recordId: `R-00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`,
    assetUri: `resdb:///${index.toString(16).padStart(64, "0")}.brson`,
    isPublic: index % 2 === 0,
    lastModifiedUnixNanos: unixNanos,
  })),
} satisfies MessageInitShape<typeof InventoryListingSchema>;

/** The end of what was said into the microphone. */
export function summary(receivedFrames: number) {
  return { receivedFrames: BigInt(receivedFrames), unixNanos } satisfies MessageInitShape<
    typeof MicrophoneStreamSummarySchema
  >;
}
