import * as http2 from "node:http2";
import * as net from "node:net";
import { addAbortSignal } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { HeaderField, RequestListener, RequestStream, Session, SessionOptions } from "./session.js";

/** Opens a {@link Session} on Node's own HTTP/2. */
export function openNodeSession(options: SessionOptions): Session {
  return new NodeSession(options);
}

class NodeSession implements Session {
  readonly reusesChunks = false;
  readonly #session: http2.ClientHttp2Session;
  /** A session forgets its socket when it is destroyed, and may then still wait for the peer to hang up. */
  readonly #socket: net.Socket;

  constructor({ path, streamWindowBytes, connectionWindowBytes, onReady, onGoaway, onClose }: SessionOptions) {
    const socket = net.connect({ path });
    this.#socket = socket;
    this.#session = http2.connect("http://localhost", {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
      // Counted in megabytes. Node's default of 10 would refuse new streams while one large message is on its way; what
      // really bounds the memory of a session is the windows.
      maxSessionMemory: 1024,
    });
    let cause: Error | undefined;
    this.#session.once("remoteSettings", () => {
      this.#session.setLocalWindowSize(connectionWindowBytes);
      onReady();
    });
    // Stays on: an error must not be thrown.
    this.#session.on("error", (error) => {
      cause ??= error;
    });
    this.#session.once("goaway", onGoaway);
    this.#session.once("close", () => onClose(cause));
  }

  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  get isOver(): boolean {
    // A session learns of the end of its socket a little later.
    return this.#session.destroyed || this.#socket.destroyed;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  request(fields: readonly HeaderField[], listener: RequestListener): RequestStream {
    const headers: http2.OutgoingHttpHeaders = Object.fromEntries(fields);
    return new NodeRequest(this.#session, this.#session.request(headers), listener);
  }

  ping(onAnswer: () => void): void {
    // Node refuses only when the session is about to end, which is told anyhow.
    this.#session.ping(() => onAnswer());
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#session.unref();
  }

  destroy(cause?: Error): void {
    this.#session.destroy(cause);
    // A session waits until the peer has read all, or has hung up too, which may be never. Its goodbye is on its way by the
    // next turn.
    setImmediate(() => this.#socket.destroy());
  }
}

class NodeRequest implements RequestStream {
  #drained: Promise<void> | undefined;
  readonly #session: http2.ClientHttp2Session;
  readonly #stream: http2.ClientHttp2Stream;
  readonly #listener: RequestListener;

  constructor(session: http2.ClientHttp2Session, stream: http2.ClientHttp2Stream, listener: RequestListener) {
    this.#session = session;
    this.#stream = stream;
    this.#listener = listener;
    stream.on("response", (headers) => listener.onHeaders(headers));
    stream.on("trailers", (trailers) => listener.onTrailers(trailers));
    stream.on("data", (chunk: Buffer) => listener.onData(chunk));
    stream.on("end", () => listener.onEnd());
    stream.on("error", (cause) => this.#onClose(cause));
    stream.on("close", () => this.#onClose(undefined));
  }

  write(bytes: Uint8Array): boolean {
    return this.#stream.writable && this.#stream.write(bytes);
  }

  async drained(): Promise<void> {
    // One wait for all who ask: each would listen to the stream.
    this.#drained ??= this.#untilDrained().finally(() => {
      this.#drained = undefined;
    });
    await this.#drained;
  }

  end(bytes?: Uint8Array): void {
    if (bytes === undefined) this.#stream.end();
    else this.#stream.end(bytes);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  cancel(): void {
    // Not `close()`, which half-closes before it resets: a mod that sees the half-close first takes the call for ended in good
    // order, and an avatar that was to be stopped walks on.
    addAbortSignal(AbortSignal.abort(), this.#stream);
    // Lets what is still buffered flow out, so that the stream can close.
    this.#stream.resume();
  }

  stopSending(): void {
    if (!this.#stream.writableEnded) this.#stream.close(http2.constants.NGHTTP2_NO_ERROR);
  }

  async #untilDrained(): Promise<void> {
    if (!this.#stream.writable) {
      // A stream that takes no more tells why in a later turn, which an input without pauses must not put off for ever.
      await nextTurn();
      return;
    }
    if (!this.#stream.writableNeedDrain) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stream.once("drain", resolve);
    this.#stream.once("close", resolve);
    await promise;
    this.#stream.off("drain", resolve);
    this.#stream.off("close", resolve);
  }

  #onClose(cause: Error | undefined): void {
    const { rstCode } = this.#stream;
    // A session that is only closed lets its streams come to an end, if the peer has seen them.
    const isRefused = this.#session.closed && rstCode === http2.constants.NGHTTP2_REFUSED_STREAM;
    this.#listener.onClose({
      resetCode: rstCode ?? http2.constants.NGHTTP2_NO_ERROR,
      isLost: this.#session.destroyed || isRefused,
      // What the stream still held is lost when it closes, so a status that came behind it does not count.
      isAllRead: this.#stream.readableLength === 0,
      cause,
    });
  }
}
