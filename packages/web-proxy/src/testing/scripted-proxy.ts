import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { Duplex } from "node:stream";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { EndSchema, HeaderSchema, HelloSchema, type Open, OpenSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { frameMessage, MessageAssembler } from "@resoio/core/internal";
import { type WebSocket, WebSocketServer } from "ws";

/** A frame, taken apart by hand: the tests must not share a mistake with the code. */
export interface ScriptedFrame {
  readonly type: number;
  readonly callId: number;
  readonly payload: Uint8Array;
}

/** The numbers of the frames, as docs/websocket-protocol.md has them. */
export const types = {
  hello: 1,
  open: 2,
  data: 3,
  halfClose: 4,
  header: 5,
  end: 6,
  cancel: 7,
  credit: 8,
  ping: 9,
  pong: 10,
} as const;

/** How a {@link ScriptedProxy} behaves where nothing else is said. */
export interface ScriptedProxyOptions {
  /** What the HELLO says. `false`: there is none. */
  readonly hello?: MessageInitShape<typeof HelloSchema> | false;
  /** The subprotocol that is chosen. `false`: none. Default `resoio.v1`. */
  readonly subprotocol?: string | false;
  /** Takes an upgrade that is not to become a WebSocket. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex) => void;
  /** Whether a request for a WebSocket is refused now, with HTTP 403. */
  readonly refuses?: () => boolean;
  /** Whether it is as if nobody listened: every connection breaks at its first word. */
  readonly isAway?: () => boolean;
  /** Answers plain requests. Default: 426. */
  readonly onRequest?: RequestListener;
  /** Called for each connection, behind its HELLO. */
  readonly onPeer?: (peer: ScriptedPeer) => void;
}

const plentiful = { maxCalls: 1_000, maxMessageBytes: 2 ** 31 - 1, sendCredit: 64 * 1024 * 1024, connectionId: "1" };

/** A proxy that does what a test says, frame by frame. */
export class ScriptedProxy implements AsyncDisposable {
  /** The connections so far, in order. */
  readonly peers: ScriptedPeer[] = [];
  /** The requests for a WebSocket so far, in order. */
  readonly upgrades: IncomingMessage[] = [];
  readonly options: ScriptedProxyOptions;
  readonly #server = createServer();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: () => this.options.subprotocol ?? "resoio.v1",
  });
  #news = Promise.withResolvers<void>();

  private constructor(options: ScriptedProxyOptions) {
    this.options = options;
    this.#server.on("request", (request, response) => {
      if (options.isAway?.() === true) response.destroy();
      else if (options.onRequest !== undefined) options.onRequest(request, response);
      else response.writeHead(426, { upgrade: "websocket" }).end("this is for WebSockets");
    });
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Starts one on a free port. */
  static async start(options: ScriptedProxyOptions = {}): Promise<ScriptedProxy> {
    const proxy = new ScriptedProxy(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return address.port;
  }

  /** `http://127.0.0.1:<port>`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Waits for connection number `index`. */
  async peer(index = 0): Promise<ScriptedPeer> {
    for (;;) {
      const peer = this.peers[index];
      if (peer !== undefined) return peer;
      await this.#news.promise;
    }
  }

  /** Breaks all connections and stops listening. */
  async stop(): Promise<void> {
    for (const { socket } of this.peers) socket.terminate();
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.options.isAway?.() === true) {
      socket.destroy();
      return;
    }
    this.upgrades.push(request);
    if (this.options.onUpgrade !== undefined) {
      this.options.onUpgrade(request, socket);
      return;
    }
    if (this.options.refuses?.() === true) {
      socket.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      const peer = new ScriptedPeer(opened);
      const { hello = {} } = this.options;
      if (hello !== false) peer.hello(hello);
      this.options.onPeer?.(peer);
      this.peers.push(peer);
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    });
  }
}

/** One connection of a client to a {@link ScriptedProxy}. */
export class ScriptedPeer {
  readonly socket: WebSocket;
  /** Every frame that has come, in order. */
  readonly frames: ScriptedFrame[] = [];
  /** Every WebSocket message that has come, in order. */
  readonly messages: Uint8Array[] = [];
  /** Resolves when the client has closed the connection, or lost it. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #isClosed = false;
  #news = Promise.withResolvers<void>();

  constructor(socket: WebSocket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
    this.closed = promise;
    socket.on("error", () => {});
    socket.on("message", (data: Buffer) => {
      this.messages.push(data);
      this.frames.push(...framesOf(data));
      this.#tell();
    });
    socket.on("close", (code, reason) => {
      this.#isClosed = true;
      resolve({ code, reason: reason.toString() });
      this.#tell();
    });
  }

  hello(hello: MessageInitShape<typeof HelloSchema> = {}): void {
    const message = create(HelloSchema, { ...plentiful, ...hello });
    this.send(frame(types.hello, 0, toBinary(HelloSchema, message)));
  }

  /** Sends frames in one WebSocket message. */
  send(...frames: readonly Uint8Array[]): void {
    this.socket.send(Buffer.concat(frames));
  }

  /** The frames of a kind, and of a call when one is named. */
  of(type: number, callId?: number): readonly ScriptedFrame[] {
    return this.frames.filter((one) => one.type === type && (callId === undefined || one.callId === callId));
  }

  /** The kinds of all frames of a call, in order. */
  typesOf(callId: number): readonly number[] {
    return this.frames.filter((one) => one.callId === callId).map(({ type }) => type);
  }

  /** Waits for frame number `index` of a kind. Fails when the connection is closed before. */
  async next(type: number, callId?: number, index = 0): Promise<ScriptedFrame> {
    await this.until(() => this.of(type, callId).length > index);
    const found = this.of(type, callId)[index];
    if (found === undefined) throw new Error("unreachable");
    return found;
  }

  /** Waits for the OPEN of a call and returns what it says. */
  async opened(callId: number): Promise<Open> {
    return fromBinary(OpenSchema, (await this.next(types.open, callId)).payload);
  }

  /** The whole messages of a call that have come. */
  messagesOf(callId: number): readonly Uint8Array[] {
    const messages: Uint8Array[] = [];
    const assembler = new MessageAssembler(2 ** 31 - 1);
    for (const { payload } of this.of(types.data, callId)) assembler.push(payload, (message) => messages.push(message));
    return messages;
  }

  /** How many bytes of DATA have come for a call. */
  dataBytes(callId: number): number {
    return this.of(types.data, callId).reduce((sum, { payload }) => sum + payload.byteLength, 0);
  }

  /** The credit that the client has given for a call. */
  creditOf(callId: number): number {
    return this.of(types.credit, callId).reduce((sum, { payload }) => sum + Buffer.from(payload).readUInt32BE(), 0);
  }

  /** Waits until the client has taken all that was sent: it answers in order. */
  async settled(): Promise<void> {
    const known = this.of(types.pong).length;
    this.send(frame(types.ping, 0));
    await this.next(types.pong, 0, known);
  }

  /** Waits until `isSo` holds. Fails when the connection is closed before. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.#isClosed) throw new Error("the client has closed the connection");
      await this.#news.promise;
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

/** The bytes of a frame. `length` lies about its payload. */
export function frame(
  type: number,
  callId: number,
  payload: Uint8Array = Buffer.alloc(0),
  length?: number,
): Uint8Array {
  const head = Buffer.alloc(9);
  head.writeUInt8(type, 0);
  head.writeUInt32BE(callId, 1);
  head.writeUInt32BE(length ?? payload.byteLength, 5);
  return Buffer.concat([head, payload]);
}

/** A DATA frame with a whole message. */
export function messageFrame(callId: number, message: Uint8Array): Uint8Array {
  return frame(types.data, callId, frameMessage(message));
}

/** A HEADER frame. */
export function headerFrame(callId: number, headers: Readonly<Record<string, string>> = {}): Uint8Array {
  return frame(types.header, callId, toBinary(HeaderSchema, create(HeaderSchema, { headers: fields(headers) })));
}

/** What an END frame says. Nothing: that the call has succeeded. */
export interface ScriptedEnd {
  readonly code?: number;
  readonly message?: string;
  readonly details?: readonly { readonly typeUrl: string; readonly value: Uint8Array }[];
}

/** An END frame. */
export function endFrame(
  callId: number,
  end: ScriptedEnd = {},
  trailers: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { code = 0, message: text = "", details = [] } = end;
  const message = create(EndSchema, { code, message: text, details: [...details], trailers: fields(trailers) });
  return frame(types.end, callId, toBinary(EndSchema, message));
}

/** A CREDIT frame. */
export function creditFrame(callId: number, byteCount: number): Uint8Array {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(byteCount);
  return frame(types.credit, callId, payload);
}

/** Takes a WebSocket message apart. */
export function framesOf(message: Buffer): readonly ScriptedFrame[] {
  const frames: ScriptedFrame[] = [];
  for (let offset = 0; offset < message.byteLength; ) {
    const length = message.readUInt32BE(offset + 5);
    const payload = message.subarray(offset + 9, offset + 9 + length);
    frames.push({ type: message.readUInt8(offset), callId: message.readUInt32BE(offset + 1), payload });
    offset += 9 + length;
  }
  return frames;
}

function fields(headers: Readonly<Record<string, string>>) {
  return Object.entries(headers).map(([name, value]) => ({ name, value }));
}
