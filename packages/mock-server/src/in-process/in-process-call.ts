import { setImmediate as nextTurn } from "node:timers/promises";
import type { DescMethod } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { type WireCall, type WireCallListener, type WireCallRequest, watchCancellation } from "@resoio/core/internal";
import { joined } from "../server/message-parts.js";
import type { Route } from "../server/routes.js";
import { ServedCall } from "../server/served-call.js";

/** A call, and what it reaches. */
export interface InProcessCallRequest extends WireCallRequest {
  /** Finds what answers, or why nothing does. */
  readonly findRoute: (method: DescMethod) => Route | ConnectError;
  /** Aborted when the mod goes away; its reason is what calls fail with. */
  readonly shutdownSignal: AbortSignal;
}

/**
 * After so many messages the rest of the program has its turn: two sides that never wait for anything would otherwise keep timers, and
 * with them deadlines, from theirs for ever.
 */
const messagesPerTurn = 256;

/** One call that goes to its handler in bytes, as over a socket, but without one. */
export class InProcessCall implements WireCall {
  header = new Headers();
  trailer = new Headers();
  readonly #request: InProcessCallRequest;
  readonly #listener: WireCallListener;
  #served: ServedCall | undefined;
  #stopWatching = (): void => {};
  /** Why no request shall be sent now: so many reasons. */
  #holdCount = 0;
  /** Settled when there is no such reason any more. */
  #drained: PromiseWithResolvers<void> | undefined;
  #sentCount = 0;
  #deliveredCount = 0;
  /** Settled when messages are wanted again. */
  #resumed: PromiseWithResolvers<void> | undefined;
  #hasHeader = false;
  #isEnded = false;

  constructor(request: InProcessCallRequest, listener: WireCallListener) {
    this.#request = request;
    this.#listener = listener;
  }

  start(): void {
    this.#watch();
    if (this.#isEnded) return;
    const { method, header, timeoutMs, findRoute, shutdownSignal } = this.#request;
    const route = findRoute(method);
    if (route instanceof ConnectError) {
      this.#end(route);
      return;
    }
    this.#served = new ServedCall(
      route,
      { header: new Headers(header), timeoutMs, shutdownSignal },
      {
        pause: () => this.#hold(),
        resume: () => this.#letGo(),
        // Until the end: there is no use in sending.
        drop: () => this.#hold(),
        // One copy, as everywhere: what a program gets is its own.
        send: (message) => this.#deliver(joined(message)),
      },
    );
    void this.#serve(this.#served);
    this.#listener.onOpen();
  }

  send(message: Uint8Array): boolean {
    if (this.#isEnded) return true;
    this.#served?.push(message);
    if (++this.#sentCount % messagesPerTurn === 0) {
      this.#hold();
      void nextTurn().then(() => this.#letGo());
    }
    return this.#holdCount === 0;
  }

  sendLast(message: Uint8Array): void {
    this.send(message);
    this.halfClose();
  }

  async drained(): Promise<void> {
    await this.#drained?.promise;
  }

  halfClose(): void {
    if (!this.#isEnded) this.#served?.finish();
  }

  pause(): void {
    if (!this.#isEnded) this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  cancel(error: ConnectError): void {
    this.#abandon(error);
  }

  #watch(): void {
    const { signal, timeoutMs } = this.#request;
    // Apart from each other: the handler is told of a deadline, which it knows, but not why else a caller cancels.
    const stopSignal = watchCancellation(signal, undefined, (error) => this.#abandon(error));
    this.#stopWatching = stopSignal;
    if (this.#isEnded) return;
    const stopTimer = watchCancellation(undefined, timeoutMs, (error) => this.#abandon(error, error));
    this.#stopWatching = () => {
      stopSignal();
      stopTimer();
    };
  }

  async #serve(served: ServedCall): Promise<void> {
    const { trailer } = await served.run();
    // A program that makes one call after the other would keep timers and I/O from their turn as well.
    await nextTurn();
    if (this.#isEnded) return;
    const error = findTrailerError(trailer);
    if (error === undefined) this.#announce();
    this.trailer = trailer;
    this.#end(error);
  }

  /** Resolves when the next message is wanted. */
  async #deliver(message: Uint8Array): Promise<void> {
    this.#announce();
    await this.#wanted();
    if (this.#isEnded) return;
    this.#listener.onMessage(message);
    if (++this.#deliveredCount % messagesPerTurn === 0) await nextTurn();
    await this.#wanted();
  }

  /** More than once, as it may be paused again before this goes on. */
  async #wanted(): Promise<void> {
    while (this.#resumed !== undefined) await this.#resumed.promise;
  }

  #announce(): void {
    if (this.#isEnded || this.#hasHeader || this.#served === undefined) return;
    this.#hasHeader = true;
    this.header = new Headers(this.#served.header);
    this.#listener.onHeader();
  }

  /** Ends the call for reasons of this side. */
  #abandon(error: ConnectError, reason?: ConnectError): void {
    if (this.#isEnded) return;
    // The handler first: it must not take what follows from the end, such as requests that stop, for one in good order.
    this.#served?.cancel(reason);
    this.#end(error, true);
  }

  #hold(): void {
    this.#holdCount++;
    if (!this.#isEnded) this.#drained ??= Promise.withResolvers();
  }

  #letGo(): void {
    if (--this.#holdCount === 0) this.#settleDrained();
  }

  #settleDrained(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #end(error: ConnectError | undefined, isOwnDoing = false): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopWatching();
    this.#settleDrained();
    this.resume();
    this.#listener.onEnd(error, isOwnDoing);
  }
}
