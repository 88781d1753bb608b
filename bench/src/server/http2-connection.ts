import type { Socket } from "node:net";
import {
  createFrame,
  createNumberFrame,
  defaultWindowBytes,
  encodeHeaderBlock,
  type FrameHeader,
  FrameReader,
  frameFlags,
  frameHeaderBytes,
  frameTypes,
  HpackDecoder,
  settingIds,
} from "@resoio/node-uds/internal";
import type { Answers } from "./answers.ts";
import { MessageCounter } from "./message-counter.ts";
import { OutgoingAnswer } from "./outgoing-answer.ts";

const prefaceBytes = 24;
/** The windows of the web server inside the mod. */
const streamWindowBytes = 768 * 1024;
const connectionWindowBytes = 1024 * 1024;

/** What is known of a request, and of its answer once there is one. */
interface ServedStream {
  readonly path: string;
  readonly counter: MessageCounter;
  /** What the client may still be sent. */
  window: number;
  /** What of the request was not given back to the client's window. */
  received: number;
  answer: OutgoingAnswer | undefined;
}

/**
 * One HTTP/2 connection of a gRPC client. Everything that is answered lies ready in frames of the size that the mod sends, whatever
 * larger ones a client would take; what is left to do is to obey the client's windows, and to write.
 */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #answers: Answers;
  readonly #reader: FrameReader;
  readonly #hpack = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 65_536 });
  readonly #streams = new Map<number, ServedStream>();
  #missingPrefaceBytes = prefaceBytes;
  #window = defaultWindowBytes;
  #initialWindow = defaultWindowBytes;
  #received = 0;
  #block: { readonly header: FrameHeader; readonly parts: Uint8Array[] } | undefined;

  constructor(socket: Socket, answers: Answers) {
    this.#socket = socket;
    this.#answers = answers;
    this.#reader = new FrameReader({
      onDataPart: (header, part, isLast) => this.#onData(header, part, isLast),
      onFrame: (header, payload) => this.#onFrame(header, payload),
    });
    socket.on("data", (chunk: Buffer) => this.push(chunk));
    socket.on("drain", () => this.#sendAll());
    const settings = createFrame(frameTypes.settings, 0, 0, 6);
    settings.writeUInt16BE(settingIds.initialWindowSize, frameHeaderBytes);
    settings.writeUInt32BE(streamWindowBytes, frameHeaderBytes + 2);
    socket.write(settings);
    socket.write(createNumberFrame(frameTypes.windowUpdate, 0, connectionWindowBytes - defaultWindowBytes));
  }

  /** Takes what has come. */
  push(chunk: Buffer): void {
    const skipped = Math.min(this.#missingPrefaceBytes, chunk.byteLength);
    this.#missingPrefaceBytes -= skipped;
    // What the requests of one turn are answered with leaves together.
    this.#socket.cork();
    this.#reader.push(chunk.subarray(skipped));
    this.#socket.uncork();
  }

  #onFrame(header: FrameHeader, payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    switch (header.type) {
      case frameTypes.headers: {
        const start = (header.flags & frameFlags.padded ? 1 : 0) + (header.flags & frameFlags.priority ? 5 : 0);
        const padding = header.flags & frameFlags.padded ? (payload[0] ?? 0) : 0;
        this.#block = { header, parts: [] };
        this.#onBlockPart(header, payload.subarray(start, payload.byteLength - padding));
        break;
      }
      case frameTypes.continuation:
        this.#onBlockPart(header, payload);
        break;
      case frameTypes.rstStream:
        this.#streams.delete(header.streamId);
        break;
      case frameTypes.settings:
        if ((header.flags & frameFlags.ack) === 0) this.#onSettings(view);
        break;
      case frameTypes.ping:
        if ((header.flags & frameFlags.ack) === 0) {
          const pong = createFrame(frameTypes.ping, frameFlags.ack, 0, payload.byteLength);
          pong.set(payload, frameHeaderBytes);
          this.#socket.write(pong);
        }
        break;
      case frameTypes.windowUpdate:
        this.#onWindowUpdate(header.streamId, view.getUint32(0));
        break;
      default:
      // Nothing else matters here.
    }
  }

  #onBlockPart({ flags }: FrameHeader, part: Uint8Array): void {
    const block = this.#block;
    if (block === undefined) return;
    const isLast = (flags & frameFlags.endHeaders) !== 0;
    block.parts.push(isLast ? part : part.slice());
    if (!isLast) return;
    this.#block = undefined;
    const fields = this.#hpack.decode(block.parts.length === 1 ? part : Buffer.concat(block.parts));
    const { streamId, flags: firstFlags } = block.header;
    this.#streams.set(streamId, {
      path: fields.find(([name]) => name === ":path")?.[1] ?? "",
      counter: new MessageCounter(),
      window: this.#initialWindow,
      received: 0,
      answer: undefined,
    });
    if (firstFlags & frameFlags.endStream) this.#onRequest(streamId);
  }

  /** Nobody pads what is sent to a gRPC server; it would be counted as data here. */
  #onData({ streamId, flags }: FrameHeader, part: Uint8Array, isLast: boolean): void {
    this.#received += part.byteLength;
    if (this.#received * 2 > connectionWindowBytes) {
      this.#socket.write(createNumberFrame(frameTypes.windowUpdate, 0, this.#received));
      this.#received = 0;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.counter.push(part);
    stream.received += part.byteLength;
    const isEnd = isLast && (flags & frameFlags.endStream) !== 0;
    if (isEnd) this.#onRequest(streamId);
    else if (stream.received * 2 > streamWindowBytes) {
      this.#socket.write(createNumberFrame(frameTypes.windowUpdate, streamId, stream.received));
      stream.received = 0;
    }
  }

  #onRequest(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    const answer = this.#answers.byPath.get(stream.path) ?? this.#answers.summary(stream.counter.count);
    stream.answer = new OutgoingAnswer(streamId, answer);
    this.#socket.write(headersFrame(streamId, frameFlags.endHeaders, answerHeaders));
    this.#send(streamId, stream);
  }

  #onSettings(view: DataView): void {
    for (let offset = 0; offset < view.byteLength; offset += 6) {
      if (view.getUint16(offset) !== settingIds.initialWindowSize) continue;
      const growth = view.getUint32(offset + 2) - this.#initialWindow;
      this.#initialWindow += growth;
      for (const stream of this.#streams.values()) stream.window += growth;
    }
    this.#socket.write(createFrame(frameTypes.settings, frameFlags.ack, 0, 0));
    this.#sendAll();
  }

  #onWindowUpdate(streamId: number, byteCount: number): void {
    if (streamId === 0) {
      this.#window += byteCount;
      this.#sendAll();
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.window += byteCount;
    this.#send(streamId, stream);
  }

  #sendAll(): void {
    for (const [streamId, stream] of this.#streams) this.#send(streamId, stream);
  }

  #send(streamId: number, stream: ServedStream): void {
    const { answer } = stream;
    while (answer !== undefined && !answer.isSent && !this.#socket.writableNeedDrain) {
      const data = answer.take(Math.min(this.#window, stream.window));
      if (data === undefined) return;
      stream.window -= data.byteCount;
      this.#window -= data.byteCount;
      for (const part of data.parts) this.#socket.write(part);
    }
    if (answer?.isSent !== true) return;
    this.#streams.delete(streamId);
    this.#socket.write(headersFrame(streamId, frameFlags.endHeaders | frameFlags.endStream, answerTrailers));
  }
}

const answerHeaders = encodeHeaderBlock([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const answerTrailers = encodeHeaderBlock([["grpc-status", "0"]]);

function headersFrame(streamId: number, flags: number, block: Uint8Array): Buffer {
  const frame = createFrame(frameTypes.headers, flags, streamId, block.byteLength);
  frame.set(block, frameHeaderBytes);
  return frame;
}
