import { MessageAssembler, MessageMemory } from "@resoio/core/internal";
import { closeCodes } from "./protocol.js";
import { ProtocolError } from "./protocol-error.js";

/** How many times its own size a message may keep in memory. */
const maxWaste = 4;

/** Options of {@link MessageReceiver}. */
export interface MessageReceiverOptions {
  /** How much the other end may send ahead, in bytes. */
  readonly windowBytes: number;
  /** The largest message that is accepted, in bytes. */
  readonly maxMessageBytes: number;
  /** Tells the other end that it may send so many bytes more. */
  readonly giveCredit: (byteCount: number) => void;
  readonly onMessage: (message: Uint8Array) => void;
}

/**
 * The incoming messages of one call. It holds one incomplete message at most; while it is paused it gives no credit, so no more
 * than the window still comes.
 */
export class MessageReceiver {
  readonly #options: MessageReceiverOptions;
  readonly #assembler: MessageAssembler;
  /** What the other end may still send. */
  #credit: number;
  #isPaused = false;

  constructor(options: MessageReceiverOptions) {
    this.#options = options;
    const memory = new MessageMemory();
    this.#assembler = new MessageAssembler(options.maxMessageBytes, {
      allocate: (byteLength) => memory.allocate(byteLength),
    });
    this.#credit = options.windowBytes;
  }

  /** Whether all that came was complete messages. */
  get isBetweenMessages(): boolean {
    return this.#assembler.isBetweenMessages;
  }

  /**
   * Takes the payload of a DATA frame. The bytes may be kept, as part of a message.
   *
   * Throws {@link ProtocolError} when it is more than there was credit for, and what `MessageAssembler` throws for a message that
   * is too large or compressed: `ConnectError`s, which end the call only.
   */
  push(payload: Uint8Array): void {
    this.#credit -= payload.byteLength;
    if (this.#credit < 0) {
      throw new ProtocolError(closeCodes.flowControl, `${-this.#credit} bytes more came than there was credit for`);
    }
    this.#assembler.push(payload, (message) => this.#options.onMessage(unlessWasteful(message)));
    this.#grant();
  }

  /** Gives no more credit, until {@link resume}. What is on its way still comes. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#grant();
  }

  /** Gives back what was used, in few and large parts. */
  #grant(): void {
    const used = this.#options.windowBytes - this.#credit;
    if (this.#isPaused || used * 2 < this.#options.windowBytes) return;
    this.#credit += used;
    this.#options.giveCredit(used);
  }
}

/** A message that is a small part of what it came with is copied: who keeps it would keep all of that. */
function unlessWasteful(message: Uint8Array): Uint8Array {
  return message.byteLength * maxWaste < message.buffer.byteLength ? new Uint8Array(message) : message;
}
