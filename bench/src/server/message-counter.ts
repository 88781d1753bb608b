const prefixBytes = 5;

/** Counts the gRPC messages in a stream of bytes. */
export class MessageCounter {
  /** How many have come completely. */
  count = 0;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixLength = 0;
  /** What is left of the current message, once its length is known. */
  #left = 0;

  push(bytes: Uint8Array): void {
    let offset = 0;
    while (offset < bytes.byteLength) {
      if (this.#prefixLength < prefixBytes) {
        this.#prefix[this.#prefixLength++] = bytes[offset++] ?? 0;
        if (this.#prefixLength < prefixBytes) continue;
        this.#left = this.#prefix.readUInt32BE(1);
      }
      const taken = Math.min(this.#left, bytes.byteLength - offset);
      this.#left -= taken;
      offset += taken;
      if (this.#left > 0) return;
      this.#prefixLength = 0;
      this.count++;
    }
  }
}
