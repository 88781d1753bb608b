import { once } from "node:events";
import type { Socket } from "node:net";
import { FastSession, type FastSessionOptions } from "../fast-http2/fast-session.js";
import { type FrameHeader, FrameReader } from "../fast-http2/frame-reader.js";
import { HpackDecoder } from "../fast-http2/hpack/hpack-decoder.js";
import { frameTypes } from "../fast-http2/http2-codes.js";
import { openFastSession } from "../fast-http2/open-fast-session.js";
import type { HeaderField, RequestListener, RequestStream, Session, StreamClosing } from "../http2/session.js";
import { rawFrame, settingsFrame } from "./http2-frames.js";
import { startNetServer } from "./net-server.js";

/** A frame that the client sent. */
export interface PeerFrame extends FrameHeader {
  readonly payload: Buffer;
}

/** The other end of a client's connection, which speaks HTTP/2 frame by frame. */
export class FramePeer {
  readonly socket: Socket;
  /** Everything that came, whole frames in order. */
  readonly frames: PeerFrame[] = [];
  /** The first 24 bytes. */
  preface = "";
  readonly #hpack = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 2 ** 20 });
  readonly #parts: Buffer[] = [];
  #nextFrame = 0;
  #wake = (): void => {};
  #isEnded = false;
  #settleCount = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader({
      onDataPart: (header, part, isLast) => {
        this.#parts.push(Buffer.from(part));
        if (isLast) this.#add(header, Buffer.concat(this.#parts.splice(0)));
      },
      onFrame: (header, payload) => this.#add(header, Buffer.from(payload)),
    });
    socket.on("data", (chunk: Buffer) => {
      const rest = chunk.subarray(24 - this.preface.length);
      this.preface += chunk.toString("latin1", 0, 24 - this.preface.length);
      if (rest.byteLength > 0) reader.push(rest);
    });
    socket.on("close", () => {
      this.#isEnded = true;
      this.#wake();
    });
  }

  send(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** Skips to the next frame of a kind and returns it. Fails when the connection ends before. */
  async next(type: number, isIt: (frame: PeerFrame) => boolean = () => true): Promise<PeerFrame> {
    for (;;) {
      const frame = this.frames[this.#nextFrame];
      if (frame !== undefined) {
        this.#nextFrame++;
        if (frame.type === type && isIt(frame)) return frame;
      } else if (this.#isEnded) {
        throw new Error(`the connection ended without a frame of type ${type}`);
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Asks the client for a sign of life and waits for it: all that was sent before has been read then, and answered. */
  async settle(): Promise<void> {
    const content = Buffer.alloc(8, `settle ${this.#settleCount++}`);
    this.send(rawFrame(frameTypes.ping, 0, 0, content));
    await this.next(frameTypes.ping, ({ flags, payload }) => flags === 1 && payload.equals(content));
  }

  decode(frame: PeerFrame): HeaderField[] {
    return this.#hpack.decode(frame.payload);
  }

  /** How many bytes of data came on a stream so far. */
  dataBytes(streamId: number): number {
    return this.frames
      .filter((frame) => frame.type === frameTypes.data && frame.streamId === streamId)
      .reduce((sum, { length }) => sum + length, 0);
  }

  #add(header: FrameHeader, payload: Buffer): void {
    this.frames.push({ ...header, payload });
    this.#wake();
  }
}

/** What was told of one request. */
export class RecordedRequest implements RequestListener {
  /** What was told, by name, in order; data joined. */
  readonly events: string[] = [];
  readonly headers: Record<string, unknown>[] = [];
  readonly #data: Buffer[] = [];
  readonly #closed = Promise.withResolvers<StreamClosing>();
  readonly #wakes = new Set<() => void>();
  closing: StreamClosing | undefined;

  onHeaders(headers: object): void {
    this.#note("headers");
    this.headers.push({ ...headers });
  }
  onData(bytes: Uint8Array): void {
    this.#data.push(Buffer.from(bytes));
    this.#note("data");
  }
  onTrailers(headers: object): void {
    this.#note("trailers");
    this.headers.push({ ...headers });
  }
  onEnd(): void {
    this.#note("end");
  }
  onClose(closing: StreamClosing): void {
    this.closing = closing;
    this.#note("close");
    this.#closed.resolve(closing);
  }

  /** How it closed. */
  get closed(): Promise<StreamClosing> {
    return this.#closed.promise;
  }

  get body(): Buffer {
    return Buffer.concat(this.#data);
  }

  /** Resolves when at least so many bytes have come. */
  async received(byteCount: number): Promise<void> {
    while (this.body.byteLength < byteCount) {
      await new Promise<void>((resolve) => {
        this.#wakes.add(resolve);
      });
    }
  }

  #note(event: string): void {
    if (this.events.at(-1) !== event) this.events.push(event);
    for (const wake of this.#wakes) wake();
    this.#wakes.clear();
  }
}

/** A request under way, and what is told of it. */
export interface StartedRequest {
  readonly stream: RequestStream;
  readonly told: RecordedRequest;
}

/** A session and its peer. */
export interface FrameConnection extends AsyncDisposable {
  readonly session: Session;
  readonly peer: FramePeer;
  readonly ready: Promise<void>;
  readonly goaway: Promise<void>;
  readonly closed: Promise<Error | undefined>;
  /** How often the session said that it is over. */
  readonly closeCount: number;
  start(fields?: readonly HeaderField[]): StartedRequest;
}

export const requestFields: readonly HeaderField[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "localhost"],
  [":path", "/test"],
];

/** Options of {@link openFrameConnection}. */
export interface FrameConnectionOptions extends Partial<FastSessionOptions> {
  /** What the peer says first; `null` for nothing. Default no settings of its own. */
  readonly settings?: Readonly<Record<number, number>> | null;
}

/** Opens a session to a {@link FramePeer}, and waits for its settings unless there are none. */
export async function openFrameConnection(options: FrameConnectionOptions = {}): Promise<FrameConnection> {
  const { settings = {}, ...sessionOptions } = options;
  const accepted = Promise.withResolvers<Socket>();
  const server = await startNetServer(accepted.resolve);
  const ready = Promise.withResolvers<void>();
  const goaway = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<Error | undefined>();
  let closeCount = 0;
  const all: FastSessionOptions = {
    path: server.socketPath,
    streamWindowBytes: 65_535,
    connectionWindowBytes: 65_535,
    onReady: ready.resolve,
    onGoaway: goaway.resolve,
    onClose: (cause) => {
      closeCount++;
      closed.resolve(cause);
    },
    ...sessionOptions,
  };
  const session = sessionOptions.firstStreamId === undefined ? openFastSession(all) : new FastSession(all);
  const peer = new FramePeer(await accepted.promise);
  if (settings !== null) {
    peer.send(settingsFrame(settings));
    await ready.promise;
  }
  return {
    session,
    peer,
    ready: ready.promise,
    goaway: goaway.promise,
    closed: closed.promise,
    get closeCount() {
      return closeCount;
    },
    start(fields = requestFields) {
      const told = new RecordedRequest();
      return { stream: session.request(fields, told), told };
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
      await closed.promise;
      if (!peer.socket.destroyed) {
        peer.socket.destroy();
        await once(peer.socket, "close");
      }
      await server[Symbol.asyncDispose]();
    },
  };
}
