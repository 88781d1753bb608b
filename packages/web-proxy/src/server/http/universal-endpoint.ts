import type {
  DescMethod,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  Message,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { messagePrefixBytes, WireTransport } from "@resoio/core/internal";
import { callableRpcs } from "../callable-rpcs.js";
import { earlyRefusal, type HttpCall, headersOf } from "./http-call.js";
import { readBody } from "./read-body.js";
import { sendError } from "./send-error.js";

/** Serves a call of any protocol that Connect knows: JSON, gRPC-Web. Each message is decoded and encoded again. */
export type UniversalEndpoint = (call: HttpCall) => Promise<void>;

const callKey = createContextKey<HttpCall | undefined>(undefined);

/** Makes an endpoint for every RPC that one can ask for. */
export function createUniversalEndpoint(): UniversalEndpoint {
  const router = createConnectRouter({
    grpc: false,
    acceptCompression: [],
    requestGate(context) {
      const refusal = earlyRefusal(callOf(context));
      if (refusal !== undefined) throw refusal;
    },
  });
  for (const { method } of callableRpcs.values()) addRoute(router, method);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return async (call) => {
    const { request, response, client, rpc } = call;
    const handler = handlers.get(rpc.path);
    if (handler === undefined) {
      // Streams in both directions are not possible over HTTP/1.1, in no protocol.
      sendError(response, 501, earlyRefusal(call) ?? new ConnectError("not over plain HTTP", Code.Unimplemented));
      return;
    }
    const answer = await handler({
      httpVersion: request.httpVersion,
      method: request.method ?? "",
      url: new URL(rpc.path, "http://localhost").href,
      header: headersOf(request),
      body: lazyBody(call),
      signal: client.signal,
      contextValues: createContextValues().set(callKey, call),
    });
    if (!request.complete) response.setHeader("connection", "close");
    try {
      await universalResponseToNodeResponse(answer, response);
    } catch (error) {
      // The client went away in the middle, which is seen elsewhere.
      if (!response.destroyed) throw error;
    }
  };
}

/** Only read when it is wanted, which for a refused call is never. */
async function* lazyBody({ request, maxMessageBytes }: HttpCall): AsyncGenerator<Uint8Array> {
  const isUnframed = /^application\/(json|proto)\b/i.test(request.headers["content-type"] ?? "");
  yield await readBody(request, maxMessageBytes + (isUnframed ? 0 : messagePrefixBytes));
}

function addRoute(router: ConnectRouter, method: DescMethod): void {
  if (isUnary(method)) {
    router.rpc(method, (message, context) => unary(method, message, context));
  } else if (isServerStreaming(method)) {
    router.rpc(method, (message, context) => serverStreaming(method, message, context));
  } else if (isClientStreaming(method)) {
    // Never called, as the request gate refuses; but without it there would be no answer in the caller's protocol.
    router.rpc(method, () => {
      throw new ConnectError("not over plain HTTP", Code.Unimplemented);
    });
  }
}

async function unary(method: DescMethodUnary, message: Message, context: HandlerContext): Promise<Message> {
  const { client } = callOf(context);
  const { requestHeader } = context;
  const answer = await transportOf(context).unary(method, client.signal, context.timeoutMs(), requestHeader, message);
  copyHeaders(answer.header, context.responseHeader);
  copyHeaders(answer.trailer, context.responseTrailer);
  return answer.message;
}

async function* serverStreaming(
  method: DescMethodServerStreaming,
  message: Message,
  context: HandlerContext,
): AsyncGenerator<Message> {
  const { client } = callOf(context);
  const { requestHeader } = context;
  const timeoutMs = context.timeoutMs();
  const answer = await transportOf(context).stream(method, client.signal, timeoutMs, requestHeader, only(message));
  copyHeaders(answer.header, context.responseHeader);
  yield* answer.message;
  copyHeaders(answer.trailer, context.responseTrailer);
}

/** A transport that leads through the gate. */
function transportOf(context: HandlerContext): WireTransport {
  const { gate, client, rpc } = callOf(context);
  return new WireTransport({
    createCall: ({ header, signal, timeoutMs }, listener) =>
      gate.createCall(client, { path: rpc.path, header, signal, timeoutMs }, listener),
  });
}

function callOf({ values }: HandlerContext): HttpCall {
  const call = values.get(callKey);
  if (call === undefined) throw new Error("the call is missing in the context");
  return call;
}

function copyHeaders(from: Headers, to: Headers): void {
  for (const [name, value] of from) to.append(name, value);
}

async function* only<T>(message: T): AsyncGenerator<T> {
  yield message;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isServerStreaming(method: DescMethod): method is DescMethodServerStreaming {
  return method.methodKind === "server_streaming";
}

function isClientStreaming(method: DescMethod): method is DescMethodClientStreaming {
  return method.methodKind === "client_streaming";
}
