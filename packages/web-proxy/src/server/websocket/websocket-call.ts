import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { HeaderSchema, type Open } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import type { WireCall } from "@resoio/core/internal";
import { encodeCredit } from "../../wire/credit-payload.js";
import { encodeEnd } from "../../wire/end-payload.js";
import { fromHeaderFields, toHeaderFields } from "../../wire/header-fields.js";
import { MessageReceiver } from "../../wire/message-receiver.js";
import { MessageSender, type Piece } from "../../wire/message-sender.js";
import { closeCodes, frameTypes, maxFrameBytes } from "../../wire/protocol.js";
import { ProtocolError } from "../../wire/protocol-error.js";
import type { CallGate } from "../call-gate.js";
import { callableRpcs } from "../callable-rpcs.js";
import type { ProxyClient } from "../proxy-client.js";
import type { OutputScheduler, OutputSource } from "./output-scheduler.js";

/** Options of {@link WebSocketCall}. */
export interface WebSocketCallOptions {
  readonly id: number;
  readonly open: Open;
  readonly client: ProxyClient;
  readonly gate: CallGate;
  readonly output: OutputScheduler;
  /** How much the client may send ahead, in bytes. */
  readonly receiveWindowBytes: number;
  /** The largest message from the client that is accepted, in bytes. */
  readonly maxMessageBytes: number;
  /** Whether so many bytes more may wait for the client. */
  readonly canHold: (byteCount: number) => boolean;
  /** Told of every message from the client, and may throw. */
  readonly onMessageIn: () => void;
  /** The call is over for the client, who has been told unless he cancelled it. */
  readonly onOver: (call: WebSocketCall) => void;
}

/** An upstream that gives more than this at once is paused at once, and not only when the turn of the event loop is over. */
const maxUnsentBytes = 64 * 1024;

const noTrailer = new Headers();

/** One call of a client: frames on this side, a {@link WireCall} behind the gate on the other. */
export class WebSocketCall implements OutputSource {
  readonly id: number;
  /** The route of the RPC. */
  readonly path: string;
  readonly #options: WebSocketCallOptions;
  readonly #sender: MessageSender;
  readonly #receiver: MessageReceiver;
  #upstream: WireCall | undefined;
  /** Messages that wait for the upstream call to be open. The client's credit bounds them: it gets no more until then. */
  #early: Uint8Array[] | undefined = [];
  #isHalfClosed = false;
  #isUpstreamPaused = false;
  /** Upstream has ended with this; it goes out behind the data that still waits. */
  #endPayload: Uint8Array | undefined;
  #isOver = false;
  #allTaken: PromiseWithResolvers<void> | undefined;

  /** Throws `ProtocolError` when the client offers more credit than there can be. */
  constructor(options: WebSocketCallOptions) {
    this.#options = options;
    this.id = options.id;
    this.path = options.open.path;
    this.#sender = new MessageSender(options.open.sendCredit);
    this.#receiver = new MessageReceiver({
      windowBytes: options.receiveWindowBytes,
      maxMessageBytes: options.maxMessageBytes,
      giveCredit: (byteCount) => this.#giveCredit(byteCount),
      onMessage: (message) => this.#onRequest(message),
    });
    this.#receiver.pause();
  }

  /** What waits for the client to take it, in bytes. */
  get waitingBytes(): number {
    return this.#sender.waitingBytes;
  }

  /** Starts the call upstream. */
  start(): void {
    if (this.#isOver) return;
    const { gate, client, open } = this.#options;
    this.#guard(() => {
      const request = {
        path: open.path,
        header: open.headers.length === 0 ? undefined : readHeaders(open),
        timeoutMs: open.timeoutMs === 0 ? undefined : open.timeoutMs,
      };
      this.#upstream = gate.createCall(client, request, {
        onOpen: () => this.#onOpen(),
        onHeader: () => this.#onHeader(),
        onMessage: (message, release) => this.#onResponse(message, release),
        drained: () => this.#drained(),
        onEnd: (error, isOwnDoing) => this.#onEnd(error, isOwnDoing),
      });
      this.#upstream.start();
    });
  }

  /** Takes the payload of a DATA frame. Throws `ProtocolError`. */
  data(payload: Uint8Array): void {
    if (this.#isHalfClosed) {
      throw new ProtocolError(closeCodes.badCallId, `DATA came after the HALF_CLOSE of call ${this.id}`);
    }
    this.#guard(() => this.#receiver.push(payload));
  }

  /** No more messages come. Throws `ProtocolError` the second time. */
  halfClose(): void {
    if (this.#isHalfClosed) throw new ProtocolError(closeCodes.badCallId, `call ${this.id} was half-closed twice`);
    this.#isHalfClosed = true;
    if (!this.#receiver.isBetweenMessages) {
      this.fail(new ConnectError("the request was half-closed within a message", Code.InvalidArgument));
    } else if (this.#early === undefined) {
      this.#guard(() => this.#upstream?.halfClose());
    }
  }

  /** The client may be sent so many bytes more. Throws `ProtocolError`. */
  credit(byteCount: number): void {
    this.#sender.addCredit(byteCount);
    this.#options.output.wake(this);
  }

  /** Cancels the call upstream. The client is told nothing more. */
  cancel(error: ConnectError): void {
    if (this.#isOver) return;
    this.#finish(undefined);
    this.#cancelUpstream(error);
  }

  /** Ends the call with `error`, on both sides. Data that waits is dropped. */
  fail(error: ConnectError): void {
    if (this.#isOver) return;
    this.#finish(encodeEnd(error, noTrailer));
    this.#cancelUpstream(error);
  }

  get isReady(): boolean {
    return this.#sender.isReady;
  }

  take(): Piece | undefined {
    const piece = this.#sender.take();
    if (this.#sender.isIdle) {
      this.#tellAllTaken();
      if (this.#endPayload !== undefined) this.#finish(this.#endPayload);
    }
    return piece;
  }

  /**
   * Upstream gives more as soon as nothing waits here any more, and not before: what is not here cannot grow old here. The hub
   * has the newest camera frame at hand when it is wanted.
   */
  settle(): void {
    const isPaused = !this.#sender.isIdle;
    if (this.#isOver || this.#endPayload !== undefined || isPaused === this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = isPaused;
    this.#guard(() => (isPaused ? this.#upstream?.pause() : this.#upstream?.resume()));
  }

  #onOpen(): void {
    if (this.#isOver || this.#early === undefined) return;
    const early = this.#early;
    this.#early = undefined;
    const [first] = early;
    this.#guard(() => {
      if (this.#isHalfClosed && first !== undefined && early.length === 1) {
        this.#upstream?.sendLast(first);
      } else {
        this.#receiver.resume();
        for (const message of early) this.#send(message);
        if (this.#isHalfClosed) this.#upstream?.halfClose();
      }
    });
  }

  #onHeader(): void {
    if (this.#isOver || this.#upstream === undefined) return;
    const headers = toHeaderFields(this.#upstream.header);
    // That a stream has begun is worth knowing; an answer says so by itself.
    if (headers.length === 0 && callableRpcs.get(this.path)?.method.methodKind === "unary") return;
    const payload = toBinary(HeaderSchema, create(HeaderSchema, { headers }));
    if (payload.byteLength <= maxFrameBytes) this.#options.output.sendControl(frameTypes.header, this.id, payload);
    else this.fail(new ConnectError(`the response's headers are above ${maxFrameBytes} bytes`, Code.ResourceExhausted));
  }

  #onResponse(message: Uint8Array, release?: () => void): void {
    if (this.#isOver) return;
    if (!this.#options.canHold(message.byteLength)) {
      this.fail(new ConnectError("too much waits already for this client to read it", Code.ResourceExhausted));
      return;
    }
    this.#sender.add(message, release);
    if (this.#sender.waitingBytes > maxUnsentBytes) this.settle();
    this.#options.output.wake(this);
  }

  /** Resolves when the socket has all that came from upstream. */
  async #drained(): Promise<void> {
    if (this.#isOver || this.#sender.isIdle) return;
    this.#allTaken ??= Promise.withResolvers();
    await this.#allTaken.promise;
  }

  #tellAllTaken(): void {
    this.#allTaken?.resolve();
    this.#allTaken = undefined;
  }

  #onEnd(error: ConnectError | undefined, isOwnDoing: boolean): void {
    if (this.#isOver) return;
    const payload = encodeEnd(error, this.#upstream?.trailer ?? noTrailer);
    // Who has run out of time waits for nothing more, and an end that this side has decided must not wait for credit.
    if (isOwnDoing || this.#sender.isIdle) this.#finish(payload);
    else this.#endPayload = payload;
  }

  #onRequest(message: Uint8Array): void {
    if (this.#isOver) return;
    this.#options.onMessageIn();
    if (this.#early !== undefined) this.#early.push(message);
    else this.#send(message);
  }

  #send(message: Uint8Array): void {
    const upstream = this.#upstream;
    if (this.#isOver || upstream === undefined || upstream.send(message)) return;
    this.#receiver.pause();
    upstream.drained().then(
      () => this.#receiver.resume(),
      (error: unknown) => this.fail(asConnectError(error)),
    );
  }

  #giveCredit(byteCount: number): void {
    if (this.#isOver || this.#isHalfClosed) return;
    this.#options.output.sendControl(frameTypes.credit, this.id, encodeCredit(byteCount));
  }

  /** Lets no fault behind the gate, and no message that cannot be taken, end more than this call. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.fail(asConnectError(error));
    }
  }

  #cancelUpstream(error: ConnectError): void {
    const upstream = this.#upstream;
    if (upstream !== undefined) this.#guard(() => upstream.cancel(error));
  }

  #finish(endPayload: Uint8Array | undefined): void {
    this.#isOver = true;
    this.#early = undefined;
    this.#sender.clear();
    this.#tellAllTaken();
    this.#options.output.remove(this);
    if (endPayload !== undefined) this.#options.output.sendControl(frameTypes.end, this.id, endPayload);
    this.#options.onOver(this);
  }
}

/** Throws `ConnectError` for what can be no header. */
function readHeaders(open: Open): Headers {
  try {
    return fromHeaderFields(open.headers);
  } catch (cause) {
    const message = "a request header has a name or a value that HTTP does not allow";
    throw new ConnectError(message, Code.InvalidArgument, undefined, undefined, cause);
  }
}

function asConnectError(error: unknown): ConnectError {
  return error instanceof ConnectError ? error : ConnectError.from(error, Code.Internal);
}
