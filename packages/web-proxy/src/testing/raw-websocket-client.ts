import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { Code } from "@connectrpc/connect";
import {
  type End,
  EndSchema,
  type Header,
  HeaderSchema,
  type Hello,
  HelloSchema,
  OpenSchema,
} from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { frameMessage } from "@resoio/core/internal";
import { WebSocket } from "ws";
import { decodeCredit, encodeCredit } from "../wire/credit-payload.js";
import { encodeFrames, type Frame, readFrames } from "../wire/frames.js";
import { type FrameType, frameTypes } from "../wire/protocol.js";

/** Options of {@link RawWebSocketClient.connect}. */
export interface RawWebSocketClientOptions {
  /** Default: the one that the proxy speaks. */
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a connection was closed. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

const empty = new Uint8Array(0);

/** The protocol frame by frame, without any rule of it: a test decides what is sent and when. */
export class RawWebSocketClient {
  readonly socket: WebSocket;
  /** Every frame that has come, in order. */
  readonly frames: Frame[] = [];
  /** The frames of each WebSocket message that has come. */
  readonly messages: (readonly Frame[])[] = [];
  /** Resolves when the connection is closed. */
  readonly closed: Promise<Closed>;
  /** Whether every PING is answered. */
  answersPings = false;
  #isClosed = false;
  #changed = Promise.withResolvers<void>();

  constructor(url: string, { protocols = ["resoio.v1"], headers = {} }: RawWebSocketClientOptions = {}) {
    this.socket = new WebSocket(url, [...protocols], { headers: { ...headers }, maxPayload: 64 * 1024 * 1024 });
    const { promise, resolve } = Promise.withResolvers<Closed>();
    this.closed = promise;
    this.socket.on("message", (data: Uint8Array) => this.#onMessage(data));
    this.socket.on("error", () => {});
    this.socket.on("close", (code, reason) => {
      this.#isClosed = true;
      resolve({ code, reason: reason.toString() });
      this.#change();
    });
  }

  /** Opens a connection and waits for its HELLO. Fails when it is closed before. */
  static async connect(url: string, options?: RawWebSocketClientOptions): Promise<RawWebSocketClient> {
    const client = new RawWebSocketClient(url, options);
    await client.next(frameTypes.hello);
    return client;
  }

  /** What the HELLO said. */
  get hello(): Hello {
    const [frame] = this.framesOf(frameTypes.hello);
    if (frame === undefined) throw new Error("there was no HELLO");
    return fromBinary(HelloSchema, frame.payload);
  }

  /** Sends frames as one message. */
  send(...frames: readonly Frame[]): void {
    this.sendBytes(encodeFrames(frames));
  }

  /** Sends whatever. */
  sendBytes(message: Uint8Array | string): void {
    this.socket.send(message);
  }

  /** The frames of one kind that have come, of one call if it is named. */
  framesOf(type: FrameType, callId?: number): readonly Frame[] {
    return this.frames.filter((frame) => frame.type === type && (callId === undefined || frame.callId === callId));
  }

  /** The bytes of DATA that have come, of one call if it is named. */
  dataBytes(callId?: number): number {
    return this.framesOf(frameTypes.data, callId).reduce((sum, { payload }) => sum + payload.byteLength, 0);
  }

  /** The credit that has come for a call. */
  creditOf(callId: number): number {
    return this.framesOf(frameTypes.credit, callId).reduce((sum, { payload }) => sum + decodeCredit(payload), 0);
  }

  /** Resolves to the frame number `index` of a kind. */
  async next(type: FrameType, callId?: number, index = 0): Promise<Frame> {
    await this.until(() => this.framesOf(type, callId).length > index);
    const frame = this.framesOf(type, callId)[index];
    if (frame === undefined) throw new Error("unreachable");
    return frame;
  }

  /** Resolves to the END of a call. */
  async endOf(callId: number): Promise<End> {
    return fromBinary(EndSchema, (await this.next(frameTypes.end, callId)).payload);
  }

  /** Resolves to the status of a call; 0 for OK. */
  async codeOf(callId: number): Promise<Code | 0> {
    return (await this.endOf(callId)).code;
  }

  /** Resolves to the HEADER of a call. */
  async headerOf(callId: number): Promise<Header> {
    return fromBinary(HeaderSchema, (await this.next(frameTypes.header, callId)).payload);
  }

  /** Resolves when the proxy has read everything that was sent so far. It answers in order. */
  async answered(): Promise<void> {
    const known = this.framesOf(frameTypes.pong).length;
    this.send(frame(frameTypes.ping, 0));
    await this.next(frameTypes.pong, 0, known);
  }

  /** Resolves when `isSo` holds, which is asked after every message. Fails when the connection is closed before. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.#isClosed) {
        const { code, reason } = await this.closed;
        throw new Error(`closed with ${code}: ${reason}`);
      }
      await this.#changed.promise;
    }
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }

  #onMessage(data: Uint8Array): void {
    const frames = [...readFrames(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
    this.frames.push(...frames);
    this.messages.push(frames);
    for (const { type, payload } of frames) {
      if (type === frameTypes.ping && this.answersPings) this.send(frame(frameTypes.pong, 0, payload));
    }
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A frame. */
export function frame(type: FrameType, callId: number, payload: Uint8Array = empty): Frame {
  return { type, callId, payload };
}

/** An OPEN frame, with plenty of credit. */
export function openFrame(callId: number, open: MessageInitShape<typeof OpenSchema> = {}): Frame {
  const message = create(OpenSchema, { path: "/test.Service/Method", sendCredit: 64 * 1024 * 1024, ...open });
  return frame(frameTypes.open, callId, toBinary(OpenSchema, message));
}

/** A DATA frame that holds one whole message. */
export function messageFrame(callId: number, message: Uint8Array): Frame {
  return frame(frameTypes.data, callId, frameMessage(message));
}

/** A HALF_CLOSE frame. */
export function halfCloseFrame(callId: number): Frame {
  return frame(frameTypes.halfClose, callId);
}

/** A CREDIT frame. */
export function creditFrame(callId: number, byteCount: number): Frame {
  return frame(frameTypes.credit, callId, encodeCredit(byteCount));
}
