import { InvalidOptionsError } from "../errors/invalid-options-error.js";

/** The sample rate of `SpeakerChunk.samples`, in samples per second and channel. */
export const speakerSampleRateHz = 48_000;

/** The number of channels in `SpeakerChunk.samples`: left and right. */
export const speakerChannels = 2;

const machineIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The 32-bit little-endian floats in `bytes`. Copies nothing when they lie where this machine can read them in place: at a
 * multiple of 4 of their buffer, which a message received from the network may or may not give, on a machine that is
 * little-endian too.
 */
export function readSamples(bytes: Uint8Array, isLittleEndian: boolean = machineIsLittleEndian): Float32Array {
  const count = bytes.byteLength / Float32Array.BYTES_PER_ELEMENT;
  if (!isLittleEndian) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float32Array.from({ length: count }, (_, i) => view.getFloat32(i * 4, true));
  }
  if (bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  }
  // Not `bytes.slice()`: for a Node `Buffer` that is a view.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/**
 * Copies interleaved samples apart, for example `SpeakerChunk.samples` for an `AudioBuffer`.
 *
 * Throws {@link InvalidOptionsError} when there are not as many samples on the right as on the left.
 */
export function deinterleave(samples: Float32Array): { left: Float32Array; right: Float32Array } {
  if (samples.length % speakerChannels !== 0) {
    throw new InvalidOptionsError(`samples must be pairs of left and right, not ${samples.length} numbers`);
  }
  const count = samples.length / speakerChannels;
  const left = new Float32Array(count);
  const right = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    left[i] = samples[i * 2] ?? 0;
    right[i] = samples[i * 2 + 1] ?? 0;
  }
  return { left, right };
}
