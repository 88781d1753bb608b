import * as http2 from "node:http2";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, createHandlerContext, type HandlerContext } from "@connectrpc/connect";
import { parseTimeout } from "@connectrpc/connect/protocol-grpc";
import { frameMessage, MessageAssembler, MessageQueue, maxTimerMs } from "@resoio/core/internal";
import { forever } from "../engine/sleep.js";
import { isConnectionCut } from "../faults/connection-cut.js";
import { cutConnection } from "./cut-connection.js";
import { statusTrailers } from "./grpc-status.js";
import type { Route } from "./routes.js";

const responseHeaders: http2.OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc" };

/** Answers one call on one HTTP/2 stream. Resolves when nothing of it is left. */
export async function serveCall(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  route: Route,
  options: { readonly readMaxBytes: number; readonly shutdownSignal: AbortSignal },
): Promise<void> {
  const cancelled = new AbortController();
  const closed = Promise.withResolvers<void>();
  stream.on("error", () => {
    // Followed by "close", which is what counts.
  });
  stream.once("close", () => {
    cancelled.abort(new ConnectError("the client cancelled the call or is gone", Code.Canceled));
    closed.resolve();
  });
  const { timeoutMs, error } = parseTimeout(single(headers["grpc-timeout"]) ?? null, Number.POSITIVE_INFINITY);
  const context = createHandlerContext({
    service: route.service,
    method: route.spec.method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `http://localhost${single(headers[":path"]) ?? ""}`,
    requestSignal: cancelled.signal,
    shutdownSignal: options.shutdownSignal,
    ...(timeoutMs === undefined || timeoutMs > maxTimerMs ? {} : { timeoutMs }),
  });
  try {
    if (error !== undefined) throw error;
    await Promise.race([answer(stream, route, context, options.readMaxBytes), forever(context.signal)]);
    endWith(stream, undefined);
  } catch (reason) {
    if (isConnectionCut(reason) && stream.session !== undefined) cutConnection(stream.session);
    else endWith(stream, ConnectError.from(reason, Code.Unknown));
  } finally {
    context.abort();
  }
  await closed.promise;
}

async function answer(
  stream: http2.ServerHttp2Stream,
  { spec }: Route,
  context: HandlerContext,
  readMaxBytes: number,
): Promise<void> {
  const requests = readMessages(stream, spec.method.input, context.signal, readMaxBytes);
  const { output } = spec.method;
  switch (spec.kind) {
    case "unary":
      return await send(stream, output, await spec.impl(await onlyMessage(requests), context));
    case "client_streaming":
      return await send(stream, output, await spec.impl(requests, context));
    case "server_streaming":
      return await sendAll(stream, output, spec.impl(await onlyMessage(requests), context));
    case "bidi_streaming":
      return await sendAll(stream, output, spec.impl(requests, context));
  }
}

/** The messages that the client sends. A call that is cancelled ends them with an error, a half-close does not. */
function readMessages<I extends DescMessage>(
  stream: http2.ServerHttp2Stream,
  schema: I,
  signal: AbortSignal,
  readMaxBytes: number,
): MessageQueue<MessageShape<I>> {
  const assembler = new MessageAssembler(readMaxBytes, Buffer.allocUnsafeSlow);
  const queue = new MessageQueue<MessageShape<I>>(
    { pause: () => stream.pause(), resume: () => stream.resume(), cancel: () => {} },
    (bytes) => {
      try {
        return fromBinary(schema, bytes);
      } catch (cause) {
        throw new ConnectError(`Failed to parse a ${schema.name}.`, Code.Internal, undefined, undefined, cause);
      }
    },
  );
  stream.on("data", (chunk: Buffer) => {
    try {
      assembler.push(chunk, (message) => queue.push(message));
    } catch (error) {
      stream.removeAllListeners("data");
      stream.resume();
      queue.end(ConnectError.from(error), false);
    }
  });
  stream.once("end", () => {
    if (signal.aborted) return;
    queue.end(assembler.isBetweenMessages ? undefined : new ConnectError("Incomplete message.", Code.Internal), false);
  });
  signal.addEventListener("abort", () => queue.end(ConnectError.from(signal.reason, Code.Canceled), true), {
    once: true,
  });
  return queue;
}

async function onlyMessage<T>(messages: AsyncIterator<T>): Promise<T> {
  const first = await messages.next();
  if (first.done === true) throw new ConnectError("The request has no message.", Code.Unimplemented);
  const second = await messages.next();
  if (second.done !== true) throw new ConnectError("The request has more than one message.", Code.Unimplemented);
  return first.value;
}

/** Waits until each message is on its way, so that a slow reader slows the handler and nothing piles up. */
async function sendAll<O extends DescMessage>(
  stream: http2.ServerHttp2Stream,
  schema: O,
  messages: AsyncIterable<MessageInitShape<O>>,
): Promise<void> {
  for await (const message of messages) {
    if (stream.destroyed) return;
    await send(stream, schema, message);
  }
}

async function send<O extends DescMessage>(
  stream: http2.ServerHttp2Stream,
  schema: O,
  message: MessageInitShape<O>,
): Promise<void> {
  const framed = frameMessage(toBinary(schema, create(schema, message)));
  if (stream.destroyed) return;
  if (!stream.headersSent) stream.respond(responseHeaders, { waitForTrailers: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  // Also called, with an error, when the stream breaks; the call's signal says so then.
  stream.write(framed, () => resolve());
  await promise;
}

function endWith(stream: http2.ServerHttp2Stream, error: ConnectError | undefined): void {
  if (stream.destroyed) return;
  const trailers = statusTrailers(error);
  if (stream.headersSent) {
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end();
  } else {
    stream.respond({ ...responseHeaders, ...trailers }, { endStream: true });
  }
  // A client that is still sending is told that nobody listens any more.
  if (!stream.readableEnded) stream.close(http2.constants.NGHTTP2_NO_ERROR);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
