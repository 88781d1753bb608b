import type { McapTypes } from "@mcap/core";
import { RecordingFailedError } from "../errors/recording-failed-error.js";
import { McapFile } from "./mcap-file.js";
import type { ChunkMessage } from "./message-record.js";
import type { ResolvedRecordingOptions } from "./recording-options.js";
import type { MissingMessages, RecordingQueue } from "./recording-queue.js";
import type { RecordingSink } from "./recording-sink.js";
import type { TopicTable } from "./topic-table.js";

/** What a {@link RecordingStore} works with. */
export interface RecordingStoreOptions {
  readonly options: ResolvedRecordingOptions;
  readonly queue: RecordingQueue;
  readonly topics: TopicTable;
  /** Who writes the file, for people. */
  readonly library: string;
  readonly startMetadata: McapTypes.Metadata;
  /** Makes messages of what is missing, with the recorded time `time`; `undefined` stands for now. */
  readonly describeMissing: (missing: readonly MissingMessages[], time: bigint | undefined) => readonly ChunkMessage[];
  /** It broke off. */
  readonly onFailure: (failure: RecordingFailedError) => void;
}

/** Carries what is in the queue to the sink, chunk by chunk, in its own time. */
export class RecordingStore {
  readonly #options: RecordingStoreOptions;
  readonly #file: McapFile;
  readonly #sink: RecordingSink;
  readonly #running: Promise<void>;
  readonly #started = Promise.withResolvers<void>();
  #failure: RecordingFailedError | undefined;
  #endMetadata: (() => McapTypes.Metadata) | undefined;
  #isFlushDue = false;
  #cancelFlush: (() => void) | undefined;
  #wake = (): void => {};

  constructor(store: RecordingStoreOptions) {
    const { options, library } = store;
    const { crc32, compression } = options;
    this.#options = store;
    this.#sink = withTimeout(options);
    this.#file = new McapFile({ sink: this.#sink, crc32, compression, library });
    // Nobody has to wait for it.
    this.#started.promise.catch(() => {});
    this.#running = this.#run();
  }

  get failure(): RecordingFailedError | undefined {
    return this.#failure;
  }

  /** Resolves when the beginning of the file is stored. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** How many bytes are stored. */
  get byteLength(): number {
    return this.#file.byteLength;
  }

  /** How many messages are stored, by topic. */
  get counts(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#file.counts].map(([id, count]) => [this.#options.topics.channels.get(id)?.topic ?? "", Number(count)]),
    );
  }

  /** Something was put into the queue, or is ready there. */
  notify(): void {
    const { queue, options } = this.#options;
    if (this.#endMetadata !== undefined || this.#isFlushDue || queue.waitingBytes >= options.chunkBytes) this.#wake();
    else this.#cancelFlush ??= options.clock.schedule(options.flushIntervalMs, () => this.#flush());
  }

  /** Stores what waits, and the end of the file. Resolves when the sink is closed, also after a failure. */
  async end(metadata: () => McapTypes.Metadata): Promise<void> {
    this.#endMetadata ??= metadata;
    this.#wake();
    await this.#running;
  }

  #flush(): void {
    this.#isFlushDue = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    try {
      await this.#file.start(this.#options.startMetadata);
      this.#started.resolve();
      while (await this.#isChunkDue()) await this.#storeChunk();
      if (this.#endMetadata !== undefined) await this.#file.addMetadata(this.#endMetadata());
      await this.#file.end();
    } catch (cause) {
      this.#fail(cause);
    }
    this.#cancelFlush?.();
    try {
      await this.#sink.close?.();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** Waits until there is enough for a chunk. False when nothing comes any more. */
  async #isChunkDue(): Promise<boolean> {
    const { queue, options } = this.#options;
    for (;;) {
      const isEnding = this.#endMetadata !== undefined;
      if (isEnding && queue.isEmpty) return false;
      if (queue.isReady && (isEnding || this.#isFlushDue || queue.waitingBytes >= options.chunkBytes)) return true;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  async #storeChunk(): Promise<void> {
    const { queue, options, topics, describeMissing } = this.#options;
    this.#isFlushDue = false;
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const { parts, lastTime } = queue.take(options.chunkBytes);
    // With the time of what stands before it: what still waits may be older than this moment.
    const missing = describeMissing(queue.takeMissing(), lastTime);
    if (!queue.isEmpty) this.notify();
    if (parts.length + missing.length > 0) await this.#file.addChunk([...parts, ...missing], topics.channels);
    queue.release();
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = new RecordingFailedError(cause);
    this.#started.reject(this.#failure);
    this.#options.queue.clear();
    this.#options.onFailure(this.#failure);
  }
}

/** The sink, whose promises reject when they take too long. */
function withTimeout({ sink, clock, sinkTimeoutMs }: ResolvedRecordingOptions): RecordingSink {
  const limit = async (operation: Promise<void> | undefined): Promise<void> => {
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = clock.schedule(sinkTimeoutMs, () => {
      reject(new Error(`what stores it did not answer for ${sinkTimeoutMs} ms`));
    });
    try {
      await Promise.race([operation, promise]);
    } finally {
      cancel();
    }
  };
  return {
    write: (bytes) => limit(sink.write(bytes)),
    close: () => limit(sink.close?.()),
  };
}
