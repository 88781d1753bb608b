import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError, neverReconnect, Resonite } from "@resoio/core";
import { PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { expect } from "vitest";
import { createWebSocketTransport, type WebSocketTransport, type WebSocketTransportOptions } from "../client/index.js";
import { endFrame, headerFrame, messageFrame, type ScriptedPeer, type ScriptedProxy, types } from "./scripted-proxy.js";

/** A client of a proxy. */
export interface OpenClient extends AsyncDisposable {
  readonly transport: WebSocketTransport;
  readonly resonite: Resonite;
}

/** Makes a client that connects when it is first used, and does not reconnect unless it is told to. */
export function clientOf(
  proxy: { readonly url: string },
  options: Partial<WebSocketTransportOptions> = {},
): OpenClient {
  const transport = createWebSocketTransport({
    url: proxy.url,
    reconnect: neverReconnect,
    keepAlive: false,
    ...options,
  });
  return { transport, resonite: new Resonite(transport), [Symbol.asyncDispose]: () => transport.close() };
}

/** Connects a client and returns the proxy's end of its connection too. */
export async function connected(
  proxy: ScriptedProxy,
  options: Partial<WebSocketTransportOptions> = {},
): Promise<OpenClient & { readonly peer: ScriptedPeer }> {
  const client = clientOf(proxy, options);
  const count = proxy.peers.length;
  await client.transport.open();
  return { ...client, peer: await proxy.peer(count) };
}

/** What a proxy sends for a ping that went well. */
export function pong(callId: number, message = "pong"): readonly Uint8Array[] {
  const answer = toBinary(PingResponseSchema, create(PingResponseSchema, { message }));
  return [headerFrame(callId), messageFrame(callId, answer), endFrame(callId)];
}

/** Answers every call as if it were a ping, as soon as its requests are complete. */
export function answerPings(peer: ScriptedPeer): void {
  let answered = 0;
  peer.socket.on("message", () => {
    const asked = peer.of(types.halfClose);
    for (const { callId } of asked.slice(answered)) peer.send(...pong(callId));
    answered = asked.length;
  });
}

/** Reads a stream to its end. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const message of messages) collected.push(message);
  return collected;
}

/** Waits for `promise` to fail and returns its error. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return expect.fail(`succeeded with ${String(value)} instead of failing`);
}

/** Waits for a call to fail and returns its error, which must be a `ConnectError`. */
export async function callFailure(call: PromiseLike<unknown>): Promise<ConnectError> {
  const error = await failureOf(call);
  if (error instanceof ConnectError) return error;
  return expect.fail(`failed with ${String(error)}, which is not a ConnectError`);
}
