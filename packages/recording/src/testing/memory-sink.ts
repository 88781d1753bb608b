import { concatenate } from "../concatenate.js";
import type { RecordingSink } from "../writer/recording-sink.js";

/** A sink that keeps what it gets. */
export class MemorySink implements RecordingSink {
  readonly #parts: Uint8Array[] = [];
  isClosed = false;

  /** All that was stored. */
  get bytes(): Uint8Array {
    return concatenate(this.#parts);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#parts.push(bytes);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}
