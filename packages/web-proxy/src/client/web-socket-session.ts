import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { KeepAliveOptions } from "@resoio/core";
import { type Hello, HelloSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { decodeCredit } from "../wire/credit-payload.js";
import { FrameWriter } from "../wire/frame-writer.js";
import { type Frame, readFrames } from "../wire/frames.js";
import { closeCodes, type FrameType, frameTypes, maxBatchBytes, maxCredit, subprotocol } from "../wire/protocol.js";
import { ProtocolError } from "../wire/protocol-error.js";
import { errorFromClose } from "./errors-from-proxy.js";
import { watchHeartbeat } from "./heartbeat.js";
import type { WebSocketLike } from "./web-socket-like.js";

/** A call on a session. What it throws of {@link ProtocolError} closes the session. */
export interface SessionCall {
  onHeader(payload: Uint8Array): void;
  onData(payload: Uint8Array): void;
  onCredit(byteCount: number): void;
  onEnd(payload: Uint8Array): void;
  /** The session is over, and the call with it. */
  onLost(error: ConnectError): void;
  /** Writes the next piece of its messages to the session. Returns whether there is another that may be sent now. */
  writePiece(): boolean;
}

/** Options of {@link WebSocketSession}. */
export interface WebSocketSessionOptions {
  /** What messages call the proxy. */
  readonly label: string;
  /** How to notice a proxy, or a network, that is gone without a word. `false`: not at all. */
  readonly keepAlive: KeepAliveOptions | false;
  /** The session was ready and is over, by `closeCode` when it was the proxy that closed it. Comes before its calls are told. */
  readonly onLost: (error: ConnectError, closeCode: number | undefined) => void;
}

/** DATA waits while the socket holds so much, so that a ping does not have to wait for long. */
const maxUnsentDataBytes = 128 * 1024;
/** From here on the other end does not even take the small frames. */
const maxUnsentBytes = 4 * 1024 * 1024;
/** Browsers do not tell when there is room again. */
const roomPollMs = 4;
const maxPingBytes = 8;
/** A WebSocket allows so many bytes of reason. */
const maxReasonBytes = 123;
const maxCallId = 0xffff_ffff;

/** One WebSocket, from its opening to its end: the protocol's frames in and out, and who they are for. */
export class WebSocketSession {
  /** Resolves with the proxy's HELLO, and fails when the session is over before that. */
  readonly ready: Promise<Hello>;
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocketLike;
  readonly #options: WebSocketSessionOptions;
  readonly #writer: FrameWriter;
  readonly #calls = new Map<number, SessionCall>();
  /** Calls with DATA that may be sent, in the order of their turns. */
  readonly #sending = new Set<SessionCall>();
  readonly #ready = Promise.withResolvers<Hello>();
  readonly #closed = Promise.withResolvers<void>();
  #state: "opening" | "greeting" | "ready" | "over" = "opening";
  #failure: ConnectError | undefined;
  #wasRefused = false;
  #nextCallId = 1;
  #receivedCount = 0;
  #roomTimer: ReturnType<typeof setTimeout> | undefined;
  #stopHeartbeat = (): void => {};

  constructor(socket: WebSocketLike, options: WebSocketSessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#writer = new FrameWriter({ send: (message) => this.#send(message), maxMessageBytes: maxUnsentDataBytes });
    this.ready = this.#ready.promise;
    this.closed = this.#closed.promise;
    // Whoever is interested has its own handler; without one a session that is given up early would be an unhandled rejection.
    this.ready.catch(() => {});
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#onOpen());
    socket.addEventListener("message", ({ data }) => this.#onMessage(data));
    socket.addEventListener("close", ({ code, reason }) => this.#onClose(code, reason));
    // What follows is the close. `ws` would throw an error that nobody listens for.
    socket.addEventListener("error", () => {});
  }

  /** Whether the socket is open and only the HELLO is missing. */
  get isGreeting(): boolean {
    return this.#state === "greeting";
  }

  /** Whether the WebSocket was never opened: the network, or a refusal over HTTP. */
  get wasRefused(): boolean {
    return this.#wasRefused;
  }

  /** Why the session is over; `undefined` while it is not. */
  get failure(): ConnectError | undefined {
    return this.#failure;
  }

  /** Adds a call and sends its OPEN. Returns the call's number. On a session that is over the call is lost at once. */
  open(call: SessionCall, payload: Uint8Array): number {
    if (this.#failure !== undefined) {
      call.onLost(this.#failure);
      return 0;
    }
    const id = this.#nextCallId++;
    this.#calls.set(id, call);
    if (id > maxCallId) {
      this.end(new ConnectError("the connection has no call numbers left", Code.Unavailable), closeCodes.done);
    }
    this.write(frameTypes.open, id, payload);
    return id;
  }

  /** Forgets a call. What still comes for it is ignored. */
  forget(id: number, call: SessionCall): void {
    this.#calls.delete(id);
    this.#sending.delete(call);
  }

  /** Sends a frame with what else this tick brings. */
  write(type: FrameType, callId: number, payload?: Uint8Array): void {
    if (this.#state !== "over") this.#writer.write(type, callId, payload);
  }

  /** Lets `call` send DATA, as soon as there is room and it is its turn. */
  requestTurn(call: SessionCall): void {
    this.#sending.add(call);
    this.#sendData();
  }

  /** Ends the session from this side. Its calls end with `error`. Does nothing when it is over. */
  end(error: ConnectError, closeCode: number): void {
    if (this.#state === "over") return;
    this.#writer.flush();
    this.#finish(error, undefined);
    this.#socket.close(closeCode, closeReason(error.rawMessage));
  }

  #onOpen(): void {
    if (this.#state !== "opening") return;
    const { protocol } = this.#socket;
    this.#state = "greeting";
    if (protocol === subprotocol) return;
    const problem = `${this.#options.label} speaks ${protocol === "" ? "no subprotocol" : protocol}, not ${subprotocol}`;
    this.end(new ConnectError(`${problem}; is it a resoio proxy?`, Code.Unknown), closeCodes.protocolError);
  }

  #onMessage(data: unknown): void {
    if (this.#state === "over") return;
    this.#receivedCount++;
    try {
      if (!(data instanceof ArrayBuffer)) {
        throw new ProtocolError(closeCodes.protocolError, "a message was text; all are binary");
      }
      if (data.byteLength > maxBatchBytes) {
        throw new ProtocolError(
          closeCodes.protocolError,
          `a message of ${data.byteLength} bytes is above ${maxBatchBytes}`,
        );
      }
      for (const frame of readFrames(new Uint8Array(data))) this.#onFrame(frame);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const message = `${this.#options.label} broke the protocol: ${error.message}`;
      const code = this.#state === "ready" ? Code.Unavailable : Code.Unknown;
      this.end(new ConnectError(message, code, undefined, undefined, error), error.closeCode);
    }
    if (this.#sending.size > 0) this.#sendData();
  }

  #onFrame({ type, callId, payload }: Frame): void {
    if (this.#state === "greeting") {
      this.#onHello(type, callId, payload);
      return;
    }
    switch (type) {
      case frameTypes.ping:
        checkHeartbeat(callId, payload);
        this.write(frameTypes.pong, 0, payload);
        return;
      case frameTypes.pong:
        checkHeartbeat(callId, payload);
        return;
      case frameTypes.header:
        this.#callOf(callId)?.onHeader(payload);
        return;
      case frameTypes.data:
        this.#callOf(callId)?.onData(payload);
        return;
      case frameTypes.credit:
        this.#callOf(callId)?.onCredit(decodeCredit(payload));
        return;
      case frameTypes.end:
        this.#callOf(callId)?.onEnd(payload);
        return;
      case frameTypes.hello:
        throw new ProtocolError(closeCodes.protocolError, "HELLO came twice");
      case frameTypes.open:
      case frameTypes.halfClose:
      case frameTypes.cancel:
        throw new ProtocolError(closeCodes.protocolError, `frames of type ${type} come from clients only`);
    }
  }

  #onHello(type: FrameType, callId: number, payload: Uint8Array): void {
    if (type !== frameTypes.hello) {
      throw new ProtocolError(closeCodes.protocolError, `the first frame was of type ${type}, not HELLO`);
    }
    if (callId !== 0) throw new ProtocolError(closeCodes.badCallId, "HELLO belongs to no call");
    const hello = decodeHello(payload);
    this.#state = "ready";
    const { keepAlive } = this.#options;
    if (keepAlive !== false) this.#stopHeartbeat = watchHeartbeat(this.#heart(), keepAlive);
    this.#ready.resolve(hello);
  }

  /** The call that a frame is for. `undefined` for one that is over: what was on its way still comes. */
  #callOf(callId: number): SessionCall | undefined {
    if (callId === 0 || callId >= this.#nextCallId) {
      throw new ProtocolError(closeCodes.badCallId, `a frame came for call ${callId}, which was never opened`);
    }
    return this.#calls.get(callId);
  }

  #onClose(code: number, reason: string): void {
    if (this.#state === "opening") this.#wasRefused = true;
    this.#finish(errorFromClose(code, reason), code);
    this.#closed.resolve();
  }

  #finish(error: ConnectError, closeCode: number | undefined): void {
    if (this.#state === "over") return;
    const wasReady = this.#state === "ready";
    this.#state = "over";
    this.#failure = error;
    this.#stopHeartbeat();
    clearTimeout(this.#roomTimer);
    this.#sending.clear();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    if (wasReady) this.#options.onLost(error, closeCode);
    else this.#ready.reject(error);
    for (const call of calls) call.onLost(error);
  }

  #heart() {
    return {
      ping: () => this.write(frameTypes.ping, 0),
      received: () => this.#receivedCount,
      onSilence: (silentMs: number) => {
        const message = `${this.#options.label} has not answered a ping for ${silentMs} ms; the network is gone, or the proxy hangs`;
        this.end(new ConnectError(message, Code.Unavailable), closeCodes.heartbeatMissed);
      },
    };
  }

  /** Sends what the calls have, a piece of each in turn, as far as the socket takes it. */
  #sendData(): void {
    // A call that is added again is met again.
    for (const call of this.#sending) {
      if (this.#socket.bufferedAmount + this.#writer.byteLength >= maxUnsentDataBytes) {
        this.#awaitRoom();
        return;
      }
      this.#sending.delete(call);
      if (call.writePiece()) this.#sending.add(call);
    }
  }

  #awaitRoom(): void {
    this.#roomTimer ??= setTimeout(() => {
      this.#roomTimer = undefined;
      this.#sendData();
    }, roomPollMs);
  }

  #send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#state === "over") return;
    this.#socket.send(message);
    if (this.#socket.bufferedAmount <= maxUnsentBytes) return;
    const text = `${this.#options.label} does not read what it is sent`;
    this.end(new ConnectError(text, Code.Unavailable), closeCodes.notReading);
  }
}

function decodeHello(payload: Uint8Array): Hello {
  let hello: Hello;
  try {
    hello = fromBinary(HelloSchema, payload);
  } catch {
    throw new ProtocolError(closeCodes.protocolError, "HELLO cannot be decoded");
  }
  if (hello.sendCredit <= maxCredit) return hello;
  throw new ProtocolError(closeCodes.flowControl, `a credit of ${hello.sendCredit} bytes is above ${maxCredit}`);
}

function checkHeartbeat(callId: number, payload: Uint8Array): void {
  if (callId !== 0) throw new ProtocolError(closeCodes.badCallId, "a PING or PONG belongs to no call");
  if (payload.byteLength > maxPingBytes) {
    throw new ProtocolError(
      closeCodes.protocolError,
      `a PING or PONG of ${payload.byteLength} bytes is above ${maxPingBytes}`,
    );
  }
}

/** As much of a sentence as a WebSocket can carry. */
function closeReason(sentence: string): string {
  const bytes = new Uint8Array(maxReasonBytes);
  const { read } = new TextEncoder().encodeInto(sentence, bytes);
  return sentence.slice(0, read);
}
