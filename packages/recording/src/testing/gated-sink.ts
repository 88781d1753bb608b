import { MemorySink } from "./memory-sink.js";

/** A sink whose writes wait until it is opened. */
export class GatedSink extends MemorySink {
  readonly #gate = Promise.withResolvers<void>();
  pendingWrites = 0;
  mostPendingWrites = 0;

  open(): void {
    this.#gate.resolve();
  }

  override async write(bytes: Uint8Array): Promise<void> {
    this.pendingWrites++;
    this.mostPendingWrites = Math.max(this.mostPendingWrites, this.pendingWrites);
    await this.#gate.promise;
    await super.write(bytes);
    this.pendingWrites--;
  }
}
