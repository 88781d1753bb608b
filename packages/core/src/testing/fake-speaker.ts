import type { MessageInitShape } from "@bufbuild/protobuf";
import { type AudioFrameSchema, Speaker, type SpeakerStreamRequestSchema } from "../gen/resonite_io/v1/speaker_pb.js";
import { SpeakerClient } from "../modalities/speaker.js";
import { fakeMod } from "./fake-mod.js";
import { ScriptedCalls } from "./scripted-calls.js";

/** A mod whose speaker sends what the test tells it to. */
export function fakeSpeaker() {
  const calls = new ScriptedCalls<typeof SpeakerStreamRequestSchema, typeof AudioFrameSchema>();
  const { transport } = fakeMod(Speaker, { streamAudio: calls.handle });
  return { transport, speaker: new SpeakerClient(transport), calls };
}

/** A chunk of one silent sample per channel. */
export function audioFrame(frameId: number): MessageInitShape<typeof AudioFrameSchema> {
  return {
    frameId: BigInt(frameId),
    unixNanos: 1_700_000_000_000_000_000n + BigInt(frameId) * 20_000_000n,
    sampleCount: 1,
    samples: new Uint8Array(8),
  };
}

/** Chunks number `from` to `to`, both included. */
export function audioFrames(from: number, to: number): readonly MessageInitShape<typeof AudioFrameSchema>[] {
  return Array.from({ length: to - from + 1 }, (_, i) => audioFrame(from + i));
}
