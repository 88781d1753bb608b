import { setImmediate as nextTurn } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { HelloSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import type { WebSocketLike } from "../client/index.js";
import { frame, framesOf, type ScriptedFrame, types } from "./scripted-proxy.js";

type Listener = (event: { readonly data: unknown; readonly code: number; readonly reason: string }) => void;

/** A WebSocket without a network: a test is the other end, and decides how fast what is sent leaves. */
export class FakeWebSocket implements WebSocketLike {
  /** All that were made, in order. */
  static readonly made: FakeWebSocket[] = [];
  binaryType = "blob";
  bufferedAmount = 0;
  readonly protocol = "resoio.v1";
  readonly url: string;
  readonly protocols: readonly string[];
  /** What was sent, in order. */
  readonly sent: Uint8Array[] = [];
  /** Whether what is sent leaves at once. */
  isFast = true;
  /** What it was closed with by the client. */
  closedWith: { readonly code: number | undefined; readonly reason: string | undefined } | undefined;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeWebSocket.made.push(this);
    queueMicrotask(() => this.#emit("open"));
  }

  /** The one that was made last. */
  static get latest(): FakeWebSocket {
    const latest = FakeWebSocket.made.at(-1);
    if (latest === undefined) throw new Error("none was made");
    return latest;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  /** The frames of a kind that were sent, in order. */
  sentOf(type: number): readonly ScriptedFrame[] {
    return this.sent.flatMap((message) => framesOf(Buffer.from(message))).filter((one) => one.type === type);
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.closedWith !== undefined) return;
    this.sent.push(message);
    if (!this.isFast) this.bufferedAmount += message.byteLength;
  }

  close(code?: number, reason?: string): void {
    if (this.closedWith !== undefined) return;
    if (new TextEncoder().encode(reason).byteLength > 123) throw new SyntaxError("the reason is too long");
    this.closedWith = { code, reason };
    queueMicrotask(() => this.#emit("close", { code: code ?? 1005, reason: reason ?? "" }));
  }

  /** Delivers a message of the other end. */
  deliver(message: Uint8Array | string): void {
    if (this.closedWith !== undefined) return;
    const data = typeof message === "string" ? message : new Uint8Array(message).buffer;
    this.#emit("message", { data });
  }

  /** Lets everything that was sent leave. */
  drain(): void {
    this.bufferedAmount = 0;
  }

  /** The other end closes it. */
  lose(code = 1006, reason = ""): void {
    this.closedWith = { code, reason };
    this.#emit("close", { code, reason });
  }

  #emit(type: string, event: { data?: unknown; code?: number; reason?: string } = {}): void {
    const { data, code = 0, reason = "" } = event;
    for (const listener of this.#listeners.get(type) ?? []) listener({ data, code, reason });
  }
}

/** The one that was made last, when it is open and its other end has said HELLO, with plenty of credit. */
export async function greeted(): Promise<FakeWebSocket> {
  await nextTurn();
  const socket = FakeWebSocket.latest;
  const hello = create(HelloSchema, { maxMessageBytes: 2 ** 28, sendCredit: 2 ** 28 });
  socket.deliver(frame(types.hello, 0, toBinary(HelloSchema, hello)));
  return socket;
}
