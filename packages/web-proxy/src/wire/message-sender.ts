import { messagePrefixBytes } from "@resoio/core/internal";
import { closeCodes, maxCredit, maxDataBytes } from "./protocol.js";
import { ProtocolError } from "./protocol-error.js";

/** Bytes to send. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Called when these bytes, and all before them, were sent: the message that they end is of no use any more. */
  readonly onSent?: (() => void) | undefined;
}

/** A message on its way. */
interface Outgoing {
  readonly message: Uint8Array;
  readonly onSent: (() => void) | undefined;
}

/**
 * The outgoing messages of one call, cut into pieces as the other end gives credit for them. It keeps the messages themselves, not
 * copies; what bounds their number is that {@link add} is followed by {@link isIdle} being false, and that the owner heeds it.
 */
export class MessageSender {
  readonly #messages: Outgoing[] = [];
  /** Of the messages that the piece being made ends. */
  #endings: (() => void)[] = [];
  /** How far the first message, its prefix included, has been taken. */
  #offset = 0;
  #credit: number;
  #waitingBytes = 0;

  /** `credit` is how many bytes may be taken at once. */
  constructor(credit: number) {
    this.#credit = checkedCredit(credit);
  }

  /** Whether everything has been taken. */
  get isIdle(): boolean {
    return this.#messages.length === 0;
  }

  /** Whether a piece can be taken now. */
  get isReady(): boolean {
    return this.#messages.length > 0 && this.#credit > 0;
  }

  /** What waits to be taken, in bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Adds a message, without its prefix. `onSent` is told by the piece that ends it. */
  add(message: Uint8Array, onSent?: () => void): void {
    this.#messages.push({ message, onSent });
    this.#waitingBytes += messagePrefixBytes + message.byteLength;
  }

  /** Adds to the credit. Throws {@link ProtocolError} when there is more than any receiver could mean. */
  addCredit(byteCount: number): void {
    this.#credit = checkedCredit(this.#credit + byteCount);
  }

  /**
   * The next piece: a view of a message, or a copy when it begins with a prefix or several small messages fit in. `undefined`
   * when there is nothing to take, or no credit.
   */
  take(): Piece | undefined {
    const first = this.#messages[0];
    if (first === undefined || this.#credit === 0) return undefined;
    const limit = Math.min(maxDataBytes, this.#credit);
    const bytes = this.#offset < messagePrefixBytes ? this.#gather(limit) : this.#takeFrom(first.message, limit);
    this.#credit -= bytes.byteLength;
    this.#waitingBytes -= bytes.byteLength;
    if (this.#endings.length === 0) return { bytes };
    const endings = this.#endings;
    this.#endings = [];
    return {
      bytes,
      onSent() {
        for (const onSent of endings) onSent();
      },
    };
  }

  /** Drops what has not been taken. */
  clear(): void {
    this.#messages.length = 0;
    this.#waitingBytes = 0;
    this.#offset = 0;
  }

  #takeFrom(message: Uint8Array, limit: number): Uint8Array {
    const start = this.#offset - messagePrefixBytes;
    const end = Math.min(message.byteLength, start + limit);
    this.#offset += end - start;
    this.#dropTaken();
    return message.subarray(start, end);
  }

  /** Copies prefixes and what follows them, until the piece is full. */
  #gather(limit: number): Uint8Array {
    const piece = new Uint8Array(Math.min(limit, this.#waitingBytes));
    let length = 0;
    while (length < piece.byteLength) {
      const message = this.#messages[0]?.message;
      if (message === undefined) break;
      if (this.#offset < messagePrefixBytes) {
        piece[length++] = prefixByte(message.byteLength, this.#offset++);
      } else {
        const start = this.#offset - messagePrefixBytes;
        const end = Math.min(message.byteLength, start + piece.byteLength - length);
        piece.set(message.subarray(start, end), length);
        length += end - start;
        this.#offset += end - start;
      }
      this.#dropTaken();
    }
    return piece;
  }

  #dropTaken(): void {
    const first = this.#messages[0];
    if (first === undefined || this.#offset < messagePrefixBytes + first.message.byteLength) return;
    this.#messages.shift();
    if (first.onSent !== undefined) this.#endings.push(first.onSent);
    this.#offset = 0;
  }
}

/** Byte number `index` of the prefix of a message: no flags, then its length, big-endian. */
function prefixByte(messageLength: number, index: number): number {
  return index === 0 ? 0 : (messageLength >>> (8 * (messagePrefixBytes - 1 - index))) & 0xff;
}

function checkedCredit(credit: number): number {
  if (credit > maxCredit) {
    throw new ProtocolError(closeCodes.flowControl, `a credit of ${credit} bytes is above ${maxCredit}`);
  }
  return credit;
}
