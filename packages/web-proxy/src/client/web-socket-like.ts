/** What is needed of a WebSocket. That of browsers, Node's own and the one of the package `ws` fit. */
export interface WebSocketLike {
  binaryType: string;
  /** What was sent and has not left yet, in bytes. */
  readonly bufferedAmount: number;
  /** The subprotocol that the other end chose. */
  readonly protocol: string;
  send(message: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
}

/** A class of WebSockets. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;
