import { Code, ConnectError } from "@connectrpc/connect";
import { messagePrefixBytes } from "@resoio/core/internal";

/** The last envelope of a Connect stream holds its status, in JSON. */
export const endStreamFlag = 2;

const compressedFlag = 1;

/**
 * Takes the envelopes of a Connect stream out of the chunks in which they arrive. `MessageAssembler` does the same for gRPC, which
 * has no flags. Linear as well: an envelope is allocated once and its bytes are copied once; one that lies within a chunk is a
 * view of it.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  readonly #prefix = new Uint8Array(messagePrefixBytes);
  #prefixLength = 0;
  #body: Uint8Array | undefined;
  #bodyLength = 0;

  /** `maxBytes` is the largest envelope that is accepted, without its prefix. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next chunk and calls `emit` for each envelope that it completes. The chunk must not be changed after that.
   *
   * Throws `ResourceExhausted` for an envelope above the limit, before allocating it, and `Internal` for a compressed one.
   */
  push(chunk: Uint8Array, emit: (flags: number, data: Uint8Array) => void): void {
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (this.#body === undefined) {
        while (this.#prefixLength < messagePrefixBytes && offset < chunk.byteLength) {
          this.#prefix[this.#prefixLength++] = chunk[offset++] ?? 0;
        }
        if (this.#prefixLength < messagePrefixBytes) return;
        const length = this.#checkedLength();
        if (chunk.byteLength - offset >= length) {
          this.#prefixLength = 0;
          emit(this.#flags, chunk.subarray(offset, offset + length));
          offset += length;
          continue;
        }
        this.#body = new Uint8Array(length);
        this.#bodyLength = 0;
      }
      const rest = chunk.subarray(offset, offset + this.#body.byteLength - this.#bodyLength);
      this.#body.set(rest, this.#bodyLength);
      this.#bodyLength += rest.byteLength;
      offset += rest.byteLength;
      if (this.#bodyLength === this.#body.byteLength) {
        const data = this.#body;
        this.#body = undefined;
        this.#prefixLength = 0;
        emit(this.#flags, data);
      }
    }
  }

  get #flags(): number {
    return this.#prefix[0] ?? 0;
  }

  #checkedLength(): number {
    if ((this.#flags & compressedFlag) !== 0) {
      throw new ConnectError("the proxy sent a compressed message although no compression was offered", Code.Internal);
    }
    const length = new DataView(this.#prefix.buffer).getUint32(1);
    if (length <= this.#maxBytes) return length;
    const problem = `message of ${length} bytes is larger than the limit of ${this.#maxBytes} bytes`;
    throw new ConnectError(problem, Code.ResourceExhausted);
  }
}
