/** Smaller messages are not worth keeping memory for, in bytes. */
const minBytes = 64 * 1024;

/** Room for lengths that differ a little from message to message, in bytes: a power of 2. */
const roundingBytes = 4 * 1024;

/** How many times its own size a message may keep in memory. */
const maxWaste = 2;

/** How much that was given back waits for the next messages: one that is being filled, and one that comes right behind it. */
const maxKept = 2;

/** Whose memory it is. Written on the buffer itself: a `WeakMap` would keep dead buffers for one more run of the collector. */
const owner = Symbol("owner");

interface OwnedBuffer extends ArrayBuffer {
  [owner]?: MessageMemory | undefined;
}

/**
 * Memory for the messages of a call, used again once it was given back. A program that does so spares the garbage collector a
 * run for every 64 MB of pictures, and the system the cleaning of new memory; `bench/` shows what it saves. What is not given
 * back is freed as any memory is.
 */
export class MessageMemory {
  readonly #allocate: (byteLength: number) => ArrayBuffer;
  readonly #kept: ArrayBuffer[] = [];

  /** `allocate` makes new memory for a large message, which need not be empty. Default: a new `ArrayBuffer`. */
  constructor(allocate: (byteLength: number) => ArrayBuffer = (byteLength) => new ArrayBuffer(byteLength)) {
    this.#allocate = allocate;
  }

  /** Room for a message, with any content. */
  allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    if (byteLength < minBytes) return new Uint8Array(byteLength);
    const buffer: OwnedBuffer = this.#take(byteLength) ?? this.#allocate(roundedUp(byteLength));
    buffer[owner] = this;
    return new Uint8Array(buffer, 0, byteLength);
  }

  /** For {@link giveBack}. */
  keep(buffer: ArrayBuffer): void {
    if (this.#kept.length < maxKept) this.#kept.push(buffer);
  }

  #take(byteLength: number): ArrayBuffer | undefined {
    const buffer = this.#kept.pop();
    if (buffer === undefined || (buffer.byteLength >= byteLength && buffer.byteLength <= byteLength * maxWaste)) {
      return buffer;
    }
    // Messages of another size have begun: what fitted the old ones is of no use.
    this.#kept.length = 0;
    return undefined;
  }
}

/**
 * Gives the memory of a message back, `view` being any part of it. Afterwards all views of it are empty, so that nobody sees the next
 * message in them. Does nothing for what does not come from a {@link MessageMemory}, or was given back before.
 */
export function giveBack({ buffer }: Uint8Array): void {
  // Without `transfer`, as in older browsers, a view could not be made empty.
  if (!isOwned(buffer) || buffer.transfer === undefined) return;
  const memory = buffer[owner];
  buffer[owner] = undefined;
  memory?.keep(buffer.transfer());
}

function isOwned(buffer: ArrayBufferLike): buffer is OwnedBuffer {
  return owner in buffer && buffer instanceof ArrayBuffer;
}

function roundedUp(byteLength: number): number {
  return Math.ceil(byteLength / roundingBytes) * roundingBytes;
}
