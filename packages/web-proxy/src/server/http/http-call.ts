import type { IncomingMessage, ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { headerTimeout, parseTimeout } from "@connectrpc/connect/protocol-connect";
import { accessRefusal, type CallGate } from "../call-gate.js";
import type { CallableRpc } from "../callable-rpcs.js";
import type { HttpClient } from "./http-client.js";

/** A call that came as an HTTP request. */
export interface HttpCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly client: HttpClient;
  readonly gate: CallGate;
  readonly rpc: CallableRpc;
  /** The largest message that is accepted, in bytes. */
  readonly maxMessageBytes: number;
}

/** Why a call is refused before its body is read; `undefined` when it is not. */
export function earlyRefusal({ client, rpc }: HttpCall): ConnectError | undefined {
  const refusal = accessRefusal(client, rpc.path);
  if (refusal !== undefined) return refusal;
  if (rpc.method.methodKind === "unary" || rpc.method.methodKind === "server_streaming") return undefined;
  return new ConnectError(
    `${rpc.id} takes a stream of requests, which is not carried over plain HTTP: use the WebSocket at /ws`,
    Code.Unimplemented,
  );
}

/** The headers that came with a call. */
export function headersOf({ headers }: IncomingMessage): Headers {
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) result.append(name, one);
    }
  }
  return result;
}

/** How long a call of the Connect protocol may take, in milliseconds. Throws `InvalidArgument` for what is no time. */
export function timeoutOf({ headers }: IncomingMessage): number | undefined {
  const value = headers[headerTimeout.toLowerCase()];
  const { timeoutMs, error } = parseTimeout(typeof value === "string" ? value : null, Number.MAX_SAFE_INTEGER);
  if (error !== undefined) throw error;
  return timeoutMs;
}
