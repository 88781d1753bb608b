import type { Duplex } from "node:stream";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Access, type Logger, rpcs } from "@resoio/core";
import { Access as AccessNumber } from "@resoio/core/gen/resoio/access/v1/access_pb";
import { HelloSchema, type Open, OpenSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { type Clock, maxTimerMs } from "@resoio/core/internal";
import type { RawData, WebSocket } from "ws";
import { decodeCredit } from "../../wire/credit-payload.js";
import { type Frame, readFrames } from "../../wire/frames.js";
import { closeCodes, frameTypes } from "../../wire/protocol.js";
import { ProtocolError } from "../../wire/protocol-error.js";
import type { RateLimiter } from "../access/rate-limiter.js";
import type { CallGate } from "../call-gate.js";
import { Counters, type ProxyClient } from "../proxy-client.js";
import { Heartbeat } from "./heartbeat.js";
import { OutputScheduler } from "./output-scheduler.js";
import { WebSocketCall } from "./websocket-call.js";
import type { WebSocketLimits } from "./websocket-limits.js";

/** What a client may do, as the request that opened its connection has shown. */
export interface Authorization {
  /** The access classes of the RPCs that it may call. */
  readonly access: ReadonlySet<Access>;
  /** The name in its token. Default: no token. */
  readonly name?: string | undefined;
  /** When this ends, as Unix time in milliseconds: the connection is then closed with 4401. Default: never. */
  readonly expiresAt?: number | undefined;
}

/** Why a connection is over. */
export interface DisconnectReason {
  /** The code that it was closed with; 1006 when it was lost without a word. */
  readonly code: number;
  /** A short sentence. */
  readonly message: string;
}

/** A client with a WebSocket. */
export interface WebSocketClient extends ProxyClient {
  readonly kind: "websocket";
  /** What waits for the client to take it, in bytes. */
  readonly waitingBytes: number;
}

/** Options of {@link WebSocketConnection}. */
export interface WebSocketConnectionOptions {
  readonly id: string;
  readonly socket: WebSocket;
  /** What is below {@link socket}. */
  readonly stream: Duplex;
  readonly address: string;
  readonly upstream: string;
  readonly authorization: Authorization;
  readonly gate: CallGate;
  readonly limits: WebSocketLimits;
  /** Counts frames and messages, and calls, of all clients by their id. */
  readonly rates: { readonly frames: RateLimiter; readonly calls: RateLimiter };
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, as soon as the client can do nothing more. */
  readonly onDisconnect: (reason: DisconnectReason) => void;
  /** Called once, after `onDisconnect`, when the socket is gone. */
  readonly onGone: () => void;
}

const accessNumbers: Readonly<Record<Access, AccessNumber>> = {
  observe: AccessNumber.OBSERVE,
  control: AccessNumber.CONTROL,
  write: AccessNumber.WRITE,
  admin: AccessNumber.ADMIN,
  secret: AccessNumber.SECRET,
};

/** Calls by which the client steers the avatar. They must not outlive it by more than a moment. */
const drivingPaths: ReadonlySet<string> = new Set([rpcs["locomotion.drive"].path, rpcs["microphone.streamAudio"].path]);

const pingBytes = 8;
/** What a close frame can say, in bytes of UTF-8. */
const maxReasonBytes = 123;
const faultCode = 1011;
const lostCode = 1006;

/** One client: takes its frames apart, keeps its calls, and its limits. */
export class WebSocketConnection implements WebSocketClient {
  readonly kind = "websocket";
  readonly counters = new Counters();
  readonly id: string;
  readonly access: ReadonlySet<Access>;
  readonly name: string | undefined;
  readonly address: string;
  readonly upstream: string;
  readonly #options: WebSocketConnectionOptions;
  readonly #output: OutputScheduler;
  readonly #heartbeat: Heartbeat;
  readonly #calls = new Map<number, WebSocketCall>();
  /** Opened by the message that is being read. They start behind it, when it is known whether it holds all of a request. */
  readonly #toStart: WebSocketCall[] = [];
  #lastCallId = 0;
  #drivingCalls = 0;
  #cancelIdle = (): void => {};
  #cancelExpiry = (): void => {};
  #cancelTermination: (() => void) | undefined;
  /** Why no more calls are taken. */
  #stopReason: string | undefined;
  #isClosed = false;

  constructor(options: WebSocketConnectionOptions) {
    this.#options = options;
    const { id, socket, stream, authorization, limits, clock } = options;
    this.id = id;
    this.access = authorization.access;
    this.name = authorization.name;
    this.address = options.address;
    this.upstream = options.upstream;
    this.#output = new OutputScheduler({
      socket,
      stream,
      clock,
      notReadingTimeoutMs: limits.notReadingTimeoutMs,
      onNotReading: () => this.#close(closeCodes.notReading, "the client does not read what is sent to it"),
      onClosing: () => this.#onClosing(),
    });
    this.#heartbeat = new Heartbeat({
      clock,
      intervalMs: limits.heartbeatIntervalMs,
      timeoutMs: limits.heartbeatTimeoutMs,
      drivingIntervalMs: limits.drivingHeartbeatIntervalMs,
      drivingSilenceMs: limits.drivingSilenceMs,
      ping: () => this.#ping(),
      onMissed: () => this.#close(closeCodes.heartbeatMissed, "the client did not answer a heartbeat"),
      onDrivingMissed: () => this.#endDriving(),
    });
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("ping", () => this.#read(() => this.#countFrame()));
    socket.on("error", (error) => this.#onSocketError(error));
    socket.on("close", (code, reason) => this.#onSocketClose(code, reason));
    this.#awaitExpiry();
    this.#awaitIdle();
    this.#sendHello();
  }

  get waitingBytes(): number {
    let waitingBytes = this.#options.socket.bufferedAmount;
    for (const call of this.#calls.values()) waitingBytes += call.waitingBytes;
    return waitingBytes;
  }

  close(reason: string): void {
    this.#close(closeCodes.done, reason);
  }

  /** Takes no more calls, and closes the connection with 1001 when those that are open have ended. */
  drain(reason: string): void {
    this.#stopReason = reason;
    if (this.#calls.size === 0) this.stop(reason);
  }

  /** Closes the connection with 1001. */
  stop(reason: string): void {
    this.#close(closeCodes.goingAway, reason);
  }

  #sendHello(): void {
    const { limits } = this.#options;
    const hello = create(HelloSchema, {
      access: Array.from(this.access, (access) => accessNumbers[access]),
      maxCalls: limits.maxCalls,
      maxMessageBytes: limits.maxMessageBytes,
      sendCredit: limits.receiveWindowBytes,
      connectionId: this.id,
    });
    this.#output.sendControl(frameTypes.hello, 0, toBinary(HelloSchema, hello));
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    this.#read(() => {
      if (!isBinary) throw new ProtocolError(closeCodes.protocolError, "text messages are no part of the protocol");
      const message = toBytes(data);
      if (message.byteLength === 0) this.#countFrame();
      for (const frame of readFrames(message)) {
        this.#countFrame();
        this.#onFrame(frame);
      }
      this.#heartbeat.heard();
      for (const call of this.#toStart.splice(0)) call.start();
    });
  }

  /** Does with what has come what `action` says. Who breaks the protocol loses his connection; a fault of ours is no reason to crash. */
  #read(action: () => void): void {
    if (this.#isClosed) return;
    try {
      action();
    } catch (error) {
      if (error instanceof ProtocolError) this.#close(error.closeCode, error.message);
      else {
        this.#options.logger.warn(`client ${this.id}: ${String(error)}`);
        this.#close(faultCode, "the proxy has made a mistake; its log says more");
      }
    }
  }

  #countFrame(): void {
    if (this.#options.rates.frames.take(this.id)) return;
    const { framesPerSecond } = this.#options.limits;
    throw new ProtocolError(closeCodes.tooFast, `more than ${framesPerSecond} frames and messages per second came`);
  }

  #onFrame({ type, callId, payload }: Frame): void {
    switch (type) {
      case frameTypes.open:
        this.#openCall(callId, payload);
        break;
      case frameTypes.data:
        this.#callOf(callId)?.data(payload);
        break;
      case frameTypes.halfClose:
        checkEmpty("HALF_CLOSE", payload);
        this.#callOf(callId)?.halfClose();
        break;
      case frameTypes.cancel:
        checkEmpty("CANCEL", payload);
        this.#callOf(callId)?.cancel(new ConnectError("the client cancelled the call", Code.Canceled));
        break;
      case frameTypes.credit: {
        const byteCount = decodeCredit(payload);
        this.#callOf(callId)?.credit(byteCount);
        break;
      }
      case frameTypes.ping:
        checkPing("PING", callId, payload);
        this.#output.sendControl(frameTypes.pong, 0, payload);
        break;
      case frameTypes.pong:
        checkPing("PONG", callId, payload);
        break;
      case frameTypes.hello:
      case frameTypes.header:
      case frameTypes.end:
        throw new ProtocolError(closeCodes.protocolError, `only the proxy sends frames of type ${type}`);
    }
  }

  #openCall(callId: number, payload: Uint8Array): void {
    const { rates, limits } = this.#options;
    if (callId <= this.#lastCallId) {
      const problem = callId === 0 ? "0 is the connection, not a call" : `call ids must grow: ${callId} comes too late`;
      throw new ProtocolError(closeCodes.badCallId, problem);
    }
    const open = decodeOpen(payload);
    this.#lastCallId = callId;
    if (!rates.calls.take(this.id)) {
      throw new ProtocolError(closeCodes.tooFast, `more than ${limits.callsPerSecond} calls per second were opened`);
    }
    const call = new WebSocketCall({
      id: callId,
      open,
      client: this,
      gate: this.#options.gate,
      output: this.#output,
      receiveWindowBytes: limits.receiveWindowBytes,
      maxMessageBytes: limits.maxMessageBytes,
      canHold: (byteCount) => this.waitingBytes + byteCount <= limits.maxWaitingBytes,
      onMessageIn: () => this.#countFrame(),
      onOver: (over) => this.#onCallOver(over),
    });
    const refusal = this.#refusal();
    this.#calls.set(callId, call);
    this.#cancelIdle();
    if (drivingPaths.has(call.path)) {
      this.#drivingCalls++;
      this.#heartbeat.setDriving(true);
    }
    if (refusal === undefined) this.#toStart.push(call);
    else call.fail(refusal);
  }

  #refusal(): ConnectError | undefined {
    const { maxCalls } = this.#options.limits;
    if (this.#stopReason !== undefined) return new ConnectError(this.#stopReason, Code.Unavailable);
    if (this.#calls.size < maxCalls) return undefined;
    return new ConnectError(
      `this client has ${maxCalls} calls open already, and may not have more`,
      Code.ResourceExhausted,
    );
  }

  /** `undefined` for a call that is over: what the client sent before it knew is of no use. */
  #callOf(callId: number): WebSocketCall | undefined {
    if (callId === 0 || callId > this.#lastCallId) {
      throw new ProtocolError(closeCodes.badCallId, `there has never been a call ${callId}`);
    }
    return this.#calls.get(callId);
  }

  #onCallOver(call: WebSocketCall): void {
    this.#calls.delete(call.id);
    if (drivingPaths.has(call.path)) {
      this.#drivingCalls--;
      this.#heartbeat.setDriving(this.#drivingCalls > 0);
    }
    if (this.#isClosed || this.#calls.size > 0) return;
    const stopReason = this.#stopReason;
    if (stopReason === undefined) this.#awaitIdle();
    // Later, because the last data of the call may be just about to be sent.
    else setImmediate(() => this.stop(stopReason));
  }

  #endDriving(): void {
    const error = new ConnectError("heartbeat missed: the client was silent while it drove or spoke", Code.Aborted);
    for (const call of [...this.#calls.values()]) {
      if (drivingPaths.has(call.path)) call.fail(error);
    }
  }

  #ping(): void {
    // The time, so that a client's answer could tell how long it took.
    const payload = new Uint8Array(pingBytes);
    new DataView(payload.buffer).setFloat64(0, this.#options.clock.nowMs());
    this.#output.sendControl(frameTypes.ping, 0, payload);
  }

  #awaitIdle(): void {
    const { clock, limits } = this.#options;
    this.#cancelIdle();
    this.#cancelIdle = clock.schedule(limits.idleTimeoutMs, () =>
      this.#close(closeCodes.idle, "there was no call for a long time"),
    );
  }

  #awaitExpiry(): void {
    const { clock, authorization } = this.#options;
    if (authorization.expiresAt === undefined) return;
    const leftMs = authorization.expiresAt - Number(clock.unixNanos() / 1_000_000n);
    // No timer can wait longer than that.
    this.#cancelExpiry = clock.schedule(Math.min(Math.max(0, leftMs), maxTimerMs), () => {
      if (leftMs > maxTimerMs) this.#awaitExpiry();
      else this.#close(closeCodes.unauthorized, "the token is no longer valid");
    });
  }

  /** What came is no WebSocket message, or one that is too large. The socket closes by itself, with a code of WebSocket's own. */
  #onSocketError(error: Error): void {
    this.#disconnect({ code: webSocketCode(error), message: error.message });
    this.#terminateLater();
  }

  /** What goes on in the client's name need not wait until the closing is through. */
  #onClosing(): void {
    this.#cancelCalls("it closes the connection");
    this.#terminateLater();
  }

  #onSocketClose(code: number, reason: Buffer): void {
    const said = reason.byteLength === 0 ? "" : `: ${JSON.stringify(reason.toString())}`;
    const message = code === lostCode ? "the connection was lost" : `the client closed the connection${said}`;
    this.#disconnect({ code, message });
    this.#cancelTermination?.();
    this.#options.onGone();
  }

  #close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#disconnect({ code, message: reason });
    this.#options.socket.close(code, cutToBytes(reason, maxReasonBytes));
    this.#terminateLater();
  }

  /** A client that reads nothing does not see either that it was closed. */
  #terminateLater(): void {
    const { socket, clock, limits } = this.#options;
    this.#cancelTermination ??= clock.schedule(limits.closeTimeoutMs, () => socket.terminate());
  }

  /** From here on the client can do nothing more, and nothing goes on in its name. */
  #disconnect(reason: DisconnectReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#heartbeat.stop();
    this.#cancelIdle();
    this.#cancelExpiry();
    this.#cancelCalls(reason.message);
    this.#output.close();
    this.#options.onDisconnect(reason);
  }

  #cancelCalls(reason: string): void {
    const error = new ConnectError(`the client is gone: ${reason}`, Code.Canceled);
    for (const call of [...this.#calls.values()]) call.cancel(error);
  }
}

/** What `ws` closes a connection with for an error in what came. */
function webSocketCode(error: Error): number {
  const name = "code" in error ? error.code : undefined;
  if (name === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" || name === "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH") return 1009;
  return name === "WS_ERR_TOO_MANY_BUFFERED_PARTS" ? 1008 : 1002;
}

function decodeOpen(payload: Uint8Array): Open {
  try {
    return fromBinary(OpenSchema, payload);
  } catch {
    throw new ProtocolError(closeCodes.protocolError, "an OPEN frame cannot be decoded");
  }
}

function checkEmpty(name: string, payload: Uint8Array): void {
  if (payload.byteLength === 0) return;
  throw new ProtocolError(closeCodes.protocolError, `a ${name} frame has no payload, not ${payload.byteLength} bytes`);
}

function checkPing(name: string, callId: number, payload: Uint8Array): void {
  if (callId !== 0) throw new ProtocolError(closeCodes.badCallId, `a ${name} frame belongs to no call`);
  if (payload.byteLength > pingBytes) {
    throw new ProtocolError(closeCodes.protocolError, `a ${name} frame has at most ${pingBytes} bytes`);
  }
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** The beginning of `text` that fits, in whole characters. */
function cutToBytes(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text.toWellFormed(), new Uint8Array(maxBytes));
  return text.toWellFormed().slice(0, read);
}
