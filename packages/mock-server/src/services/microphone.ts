import type { Engine } from "../engine/engine.js";
import type { MicrophoneHandlers } from "../gen/handlers.js";
import { untilAborted } from "./until-aborted.js";

/** Speaks the frames into the microphone as they come. Of their fields only the samples count. */
export const microphoneService = (engine: Engine): MicrophoneHandlers => ({
  async streamAudio(frames, { signal }) {
    let receivedFrames = 0n;
    let receivedSamples = 0n;
    try {
      for await (const frame of untilAborted(frames, signal)) {
        const samples = readSamples(frame.samples);
        engine.microphone.append(samples);
        receivedFrames++;
        receivedSamples += BigInt(samples.length);
      }
    } catch (error) {
      engine.microphone.streamEnded(signal.aborted ? "cancelled" : "errored");
      throw error;
    }
    engine.microphone.streamEnded("graceful");
    return { receivedFrames, receivedSamples, droppedFrames: 0n, unixNanos: engine.clock.unixNanos() };
  },
});

/** Little-endian floats; bytes that are left over at the end are none. */
function readSamples(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, index) =>
    view.getFloat32(index * 4, true),
  );
}
