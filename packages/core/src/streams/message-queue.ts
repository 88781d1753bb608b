import { Code, ConnectError } from "@connectrpc/connect";

/** What the queue does to its source. */
export interface MessageSource {
  pause(): void;
  resume(): void;
  cancel(error: ConnectError): void;
}

/** From here on the source is paused. One message may go beyond it, so this does not bound the size of messages. */
const maxQueuedBytes = 1024 * 1024;

/** What a queued message takes beside its bytes, so that a flood of empty ones fills the queue as well. */
const entryBytes = 128;

/**
 * The messages of a call on their way to one reader. It holds about a megabyte, or one message, whichever is more; when it
 * is full the source is paused, which slows the peer down.
 */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  readonly #source: MessageSource;
  readonly #decode: (message: Uint8Array) => T;
  readonly #messages: Uint8Array[] = [];
  #queuedBytes = 0;
  #isPaused = false;
  #isLeft = false;
  #end: { readonly error: ConnectError | undefined } | undefined;
  #reader: PromiseWithResolvers<IteratorResult<T>> | undefined;

  /** `decode` turns the bytes of a message into what the reader gets; what it throws ends the call. */
  constructor(source: MessageSource, decode: (message: Uint8Array) => T) {
    this.#source = source;
    this.#decode = decode;
  }

  /** Adds a message. One that comes after the end is dropped. */
  push(message: Uint8Array): void {
    if (this.#end !== undefined) return;
    if (this.#reader !== undefined) {
      this.#deliver(this.#reader, message);
      return;
    }
    this.#messages.push(message);
    this.#queuedBytes += message.byteLength + entryBytes;
    if (!this.#isPaused && this.#queuedBytes >= maxQueuedBytes) {
      this.#isPaused = true;
      this.#source.pause();
    }
  }

  /**
   * Ends the messages. With an error that the reader's own side caused, what is queued is dropped. The first end counts;
   * only one that drops what is queued takes the place of an earlier one.
   */
  end(error: ConnectError | undefined, dropQueued: boolean): void {
    if (this.#isLeft || (this.#end !== undefined && !dropQueued)) return;
    this.#end = { error };
    if (dropQueued) this.#messages.length = 0;
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#reader = undefined;
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#reader !== undefined) {
      return Promise.reject(new ConnectError("a stream can have one reader at a time", Code.FailedPrecondition));
    }
    const message = this.#messages.shift();
    const reader = Promise.withResolvers<IteratorResult<T>>();
    if (message !== undefined) {
      this.#queuedBytes -= message.byteLength + entryBytes;
      if (this.#isPaused && this.#queuedBytes < maxQueuedBytes) {
        this.#isPaused = false;
        this.#source.resume();
      }
      this.#deliver(reader, message);
    } else if (this.#end === undefined) {
      this.#reader = reader;
    } else if (this.#end.error === undefined) {
      reader.resolve({ done: true, value: undefined });
    } else {
      reader.reject(this.#end.error);
    }
    return reader.promise;
  }

  /** Cancels the call. A read that is waiting, and every later one, finds the end. */
  return(): Promise<IteratorResult<T>> {
    this.end(undefined, true);
    this.#isLeft = true;
    this.#source.cancel(new ConnectError("the stream was left", Code.Canceled));
    return Promise.resolve({ done: true, value: undefined });
  }

  #deliver(reader: PromiseWithResolvers<IteratorResult<T>>, message: Uint8Array): void {
    this.#reader = undefined;
    try {
      reader.resolve({ done: false, value: this.#decode(message) });
    } catch (cause) {
      const error = ConnectError.from(cause, Code.Internal);
      this.end(error, true);
      this.#source.cancel(error);
      reader.reject(error);
    }
  }
}
