import type { IncomingHttpHeaders } from "node:http2";
import type { HeaderField, RequestListener, RequestStream, Session, SessionOptions } from "../http2/session.js";
import { FastSession } from "./fast-session.js";
import type { FastStream } from "./fast-stream.js";
import { errorCodes } from "./http2-codes.js";

/** Opens a {@link Session} on the HTTP/2 of our own. */
export function openFastSession(options: SessionOptions): Session {
  return new FastSessionAdapter(options);
}

class FastSessionAdapter implements Session {
  readonly reusesChunks = true;
  readonly #session: FastSession;
  #cause: Error | undefined;

  constructor(options: SessionOptions) {
    this.#session = new FastSession({
      ...options,
      onClose: (cause) => {
        this.#cause ??= cause;
        options.onClose(cause);
      },
    });
  }

  get isUsable(): boolean {
    return this.#session.isUsable;
  }

  get isOver(): boolean {
    return this.#session.isClosed;
  }

  get bytesRead(): number {
    return this.#session.bytesRead;
  }

  request(fields: readonly HeaderField[], listener: RequestListener): RequestStream {
    if (!this.#session.isUsable) throw new Error("the connection takes no more requests");
    const onClose = (resetCode: number | undefined): void => {
      // A connection that is going away lets its streams come to an end, if the peer has seen them.
      const isRefused = resetCode === errorCodes.refusedStream && !this.#session.isUsable;
      const isLost = resetCode === undefined || isRefused;
      listener.onClose({
        resetCode: resetCode ?? errorCodes.noError,
        isLost,
        isAllRead: true,
        cause: this.#session.cause,
      });
    };
    const stream = this.#session.request(fields, {
      onHeaders: (answer) => listener.onHeaders(toHeaders(answer)),
      onData: (bytes) => listener.onData(bytes),
      onTrailers: (answer) => listener.onTrailers(toHeaders(answer)),
      onEnd() {
        listener.onEnd();
        // Nothing more comes; without trailers this is a peer that does not know how to end.
        listener.onClose({ resetCode: errorCodes.noError, isLost: false, isAllRead: true, cause: undefined });
      },
      onClose,
    });
    return new FastRequest(stream);
  }

  ping(onAnswer: () => void): void {
    this.#session.ping(onAnswer);
  }

  ref(): void {
    this.#session.ref();
  }

  unref(): void {
    this.#session.unref();
  }

  destroy(cause?: Error): void {
    this.#session.destroy(cause);
  }
}

class FastRequest implements RequestStream {
  readonly #stream: FastStream;

  constructor(stream: FastStream) {
    this.#stream = stream;
  }

  write(bytes: Uint8Array): boolean {
    return this.#stream.write(bytes);
  }

  async drained(): Promise<void> {
    await this.#stream.drained();
  }

  end(bytes?: Uint8Array): void {
    this.#stream.end(bytes);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  cancel(): void {
    this.#stream.reset(errorCodes.cancel);
  }

  stopSending(): void {
    if (!this.#stream.isWritingOver || this.#stream.hasUnsent) this.#stream.reset(errorCodes.noError);
  }
}

/** The fields by name, as Node's HTTP/2 gives them: what comes more than once is joined. */
function toHeaders(fields: readonly (readonly [string, string])[]): IncomingHttpHeaders {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of fields) {
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : `${earlier}, ${value}`;
  }
  return headers;
}
