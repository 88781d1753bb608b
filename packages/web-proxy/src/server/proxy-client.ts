import type { Access } from "@resoio/core";

/** What a client has done so far. The numbers only grow, except for {@link openCalls}. */
export interface ClientCounters {
  /** Calls that are open now. */
  readonly openCalls: number;
  /** Calls that were opened. */
  readonly calls: number;
  /** Messages from the client. */
  readonly messagesIn: number;
  /** Messages to the client. */
  readonly messagesOut: number;
  /** Bytes of messages from the client. */
  readonly bytesIn: number;
  /** Bytes of messages to the client. */
  readonly bytesOut: number;
  /** Camera frames, pictures and audio frames that the client was too slow for. */
  readonly droppedFrames: number;
}

/** The counters of one client, for those who count. */
export class Counters implements ClientCounters {
  openCalls = 0;
  calls = 0;
  messagesIn = 0;
  messagesOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  droppedFrames = 0;
}

/** Somebody who calls through the proxy: one WebSocket connection, or one HTTP request. */
export interface ProxyClient {
  /** Unique among the clients of this proxy. */
  readonly id: string;
  readonly kind: "websocket" | "http";
  /** The access classes of the RPCs that it may call. */
  readonly access: ReadonlySet<Access>;
  /** The name in its token; `undefined` without a token. */
  readonly name: string | undefined;
  /** Its network address, without the port. */
  readonly address: string;
  /** Name of the upstream that its calls go to. */
  readonly upstream: string;
  readonly counters: Counters;
  /** What waits for the client to take it, in bytes. Missing where that is not known. */
  readonly waitingBytes?: number;
  /** Ends all its calls and its connection. `reason` is a short sentence that the client is told. */
  close(reason: string): void;
}
