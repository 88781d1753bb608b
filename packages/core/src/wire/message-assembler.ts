import { Code, ConnectError } from "@connectrpc/connect";

/** Length of the prefix in front of every gRPC message: one byte of flags, four bytes of length, big-endian. */
export const messagePrefixBytes = 5;

const compressedFlag = 1;

/** Options of {@link MessageAssembler}. */
export interface MessageAssemblerOptions {
  /** Makes room for a message of a known length. Its content is overwritten completely. Default: a new `Uint8Array`. */
  readonly allocate?: (byteLength: number) => Uint8Array;
  /**
   * Whether the memory of a chunk is used again after `push`. Then a message within one chunk is copied too, instead of handed
   * out as a view of it. Default false.
   */
  readonly reusesChunks?: boolean;
}

/**
 * Puts gRPC messages together from the chunks in which they arrive.
 *
 * Linear in the number of bytes: each message is allocated once, at its announced length and only after the limit was
 * checked, and every byte is copied once. A message that lies within one chunk is not copied at all, unless chunks are used
 * again: what is handed out is a view of that chunk, so a chunk must not be changed after it was pushed.
 */
export class MessageAssembler {
  readonly #maxBytes: number;
  readonly #allocate: (byteLength: number) => Uint8Array;
  readonly #reusesChunks: boolean;
  readonly #prefix = new Uint8Array(messagePrefixBytes);
  #prefixLength = 0;
  #body: Uint8Array | undefined;
  #bodyLength = 0;

  /** `maxBytes` is the largest message that is accepted, without its prefix. */
  constructor(maxBytes: number, options: MessageAssemblerOptions = {}) {
    const { allocate = (byteLength) => new Uint8Array(byteLength), reusesChunks = false } = options;
    this.#maxBytes = maxBytes;
    this.#allocate = allocate;
    this.#reusesChunks = reusesChunks;
  }

  /** Whether all that was pushed was complete messages: the stream may end here. */
  get isBetweenMessages(): boolean {
    return this.#prefixLength === 0;
  }

  /**
   * Takes the next chunk and calls `emit` for each message that it completes, with the flags in front of it.
   *
   * Throws `ResourceExhausted` for a message above the limit, before allocating it, and `Internal` for a compressed one,
   * which was never asked for. The assembler is of no use after that.
   */
  push(chunk: Uint8Array, emit: (message: Uint8Array, flags: number) => void): void {
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (this.#body === undefined) {
        offset = this.#readPrefix(chunk, offset);
        if (this.#prefixLength < messagePrefixBytes) return;
        const length = this.#checkedLength();
        if (chunk.byteLength - offset >= length) {
          this.#prefixLength = 0;
          const message = chunk.subarray(offset, offset + length);
          emit(this.#reusesChunks ? this.#copy(message) : message, this.#flags);
          offset += length;
          continue;
        }
        this.#body = this.#allocate(length);
        this.#bodyLength = 0;
      }
      const take = Math.min(this.#body.byteLength - this.#bodyLength, chunk.byteLength - offset);
      this.#body.set(
        offset === 0 && take === chunk.byteLength ? chunk : chunk.subarray(offset, offset + take),
        this.#bodyLength,
      );
      this.#bodyLength += take;
      offset += take;
      if (this.#bodyLength === this.#body.byteLength) {
        const message = this.#body;
        this.#body = undefined;
        this.#prefixLength = 0;
        emit(message, this.#flags);
      }
    }
  }

  get #flags(): number {
    return this.#prefix[0] ?? 0;
  }

  #copy(message: Uint8Array): Uint8Array {
    const copy = this.#allocate(message.byteLength);
    copy.set(message);
    return copy;
  }

  #readPrefix(chunk: Uint8Array, start: number): number {
    let offset = start;
    while (this.#prefixLength < messagePrefixBytes && offset < chunk.byteLength) {
      this.#prefix[this.#prefixLength++] = chunk[offset++] ?? 0;
    }
    return offset;
  }

  #checkedLength(): number {
    const [flags = 0, a = 0, b = 0, c = 0, d = 0] = this.#prefix;
    if ((flags & compressedFlag) !== 0) {
      throw new ConnectError("the peer sent a compressed message although no compression was offered", Code.Internal);
    }
    const length = a * 0x1000000 + (b << 16) + (c << 8) + d;
    if (length > this.#maxBytes) {
      throw new ConnectError(
        `message of ${length} bytes is larger than the limit of ${this.#maxBytes} bytes`,
        Code.ResourceExhausted,
      );
    }
    return length;
  }
}
