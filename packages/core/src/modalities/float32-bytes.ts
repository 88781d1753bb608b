const machineIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** `samples` as 32-bit little-endian floats: a view of the same memory, except on the rare big-endian machine. */
export function float32Bytes(samples: Float32Array, isLittleEndian: boolean = machineIsLittleEndian): Uint8Array {
  if (isLittleEndian) return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const view = new DataView(new ArrayBuffer(samples.byteLength));
  for (const [i, sample] of samples.entries()) view.setFloat32(i * Float32Array.BYTES_PER_ELEMENT, sample, true);
  return new Uint8Array(view.buffer);
}
