import type { Code, ConnectError } from "@connectrpc/connect";
import type { WireCall, WireCallRequest } from "@resoio/core/internal";
import type { CallTarget } from "../server/call-gate.js";
import type { ProxyClient } from "../server/proxy-client.js";
import { hubClient } from "./hub-client.js";

/** How a call ended. */
export interface CallEnd {
  readonly error: ConnectError | undefined;
  /** The status; `undefined` for OK. */
  readonly code: Code | undefined;
  readonly isOwnDoing: boolean;
}

/** A client's end of a call to a hub, or whatever else answers calls, which writes down what it is told. It has been started. */
export class RecordedCall {
  readonly client: ProxyClient;
  readonly call: WireCall;
  readonly messages: Uint8Array[] = [];
  /** For each message, what says that nothing of it is needed any more. */
  readonly releases: (() => void)[] = [];
  headerCount = 0;
  isOpen = false;
  end: CallEnd | undefined;
  /** Called with each message. */
  onMessage = (_message: Uint8Array): void => {};
  /** Called when the call has ended. */
  onEnd = (_end: CallEnd): void => {};
  #changed = Promise.withResolvers<void>();

  constructor(hub: CallTarget, request: WireCallRequest, client: ProxyClient = hubClient()) {
    this.client = client;
    this.call = hub.createCall(client, request, {
      onOpen: () => {
        this.isOpen = true;
      },
      onHeader: () => {
        this.headerCount++;
      },
      onMessage: (message, release = () => {}) => {
        if (this.end !== undefined) throw new Error("a message came after the end");
        this.messages.push(message);
        this.releases.push(release);
        this.onMessage(message);
        this.#change();
      },
      onEnd: (error, isOwnDoing) => {
        if (this.end !== undefined) throw new Error("the call ended twice");
        this.end = { error, code: error?.code, isOwnDoing };
        this.onEnd(this.end);
        this.#change();
      },
    });
    this.call.start();
  }

  /** Resolves when `isSo` holds, which is asked after every message and at the end. Fails when it does not hold then. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.end !== undefined) throw new Error("the call has ended", { cause: this.end.error });
      await this.#changed.promise;
    }
  }

  /** Resolves to the end of the call. */
  async ended(): Promise<CallEnd> {
    await this.until(() => this.end !== undefined);
    if (this.end === undefined) throw new Error("unreachable");
    return this.end;
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
