import * as http2 from "node:http2";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { parseTimeout } from "@connectrpc/connect/protocol-grpc";
import { MessageAssembler, messagePrefixBytes } from "@resoio/core/internal";
import { cutConnection } from "./cut-connection.js";
import { statusTrailers } from "./grpc-status.js";
import { fromHeaders, toHeaders } from "./http2-headers.js";
import { lengthOf, type MessageParts, minPartBytes } from "./message-parts.js";
import type { Route } from "./routes.js";
import { ServedCall } from "./served-call.js";

const responseHeaders: http2.OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc" };

/** Answers one call on one HTTP/2 stream. Resolves when nothing of it is left. */
export async function serveCall(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  route: Route,
  options: { readonly readMaxBytes: number; readonly shutdownSignal: AbortSignal },
): Promise<void> {
  const { readMaxBytes, shutdownSignal } = options;
  const closed = Promise.withResolvers<void>();
  stream.on("error", () => {
    // Followed by "close", which is what counts.
  });
  stream.once("close", closed.resolve);
  const header = toHeaders(headers);
  const { timeoutMs, error } = parseTimeout(header.get("grpc-timeout"), Number.POSITIVE_INFINITY);
  if (error === undefined) {
    const call = new ServedCall(
      route,
      { header, timeoutMs, shutdownSignal },
      {
        pause: () => stream.pause(),
        resume: () => stream.resume(),
        // A stream that stays paused may never come to its close.
        drop: () => stream.resume(),
        send: (message) => send(stream, call.header, message),
      },
    );
    stream.once("close", () => call.cancel());
    readRequests(stream, call, readMaxBytes);
    const { trailer, isCut } = await call.run();
    if (isCut && stream.session !== undefined) cutConnection(stream.session);
    else endWith(stream, call.header, trailer);
  } else {
    endWith(stream, new Headers(), statusTrailers(error));
  }
  await closed.promise;
}

function readRequests(stream: http2.ServerHttp2Stream, call: ServedCall, readMaxBytes: number): void {
  const assembler = new MessageAssembler(readMaxBytes, { allocate: Buffer.allocUnsafeSlow });
  stream.on("data", (chunk: Buffer) => {
    try {
      assembler.push(chunk, (message) => call.push(message));
    } catch (error) {
      stream.removeAllListeners("data");
      stream.resume();
      call.finish(ConnectError.from(error));
    }
  });
  stream.once("end", () => {
    // A stream that was reset or lost comes to its end as well. That is no half-close; the close that follows cancels the call.
    if (stream.aborted) return;
    call.finish(assembler.isBetweenMessages ? undefined : new ConnectError("Incomplete message.", Code.Internal));
  });
}

/**
 * Resolves when the message is on its way, so that a slow reader slows the handler. Not an async function, which would hold on to the
 * message for as long as it waits.
 */
function send(stream: http2.ServerHttp2Stream, header: Headers, message: MessageParts): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  if (!stream.headersSent) stream.respond({ ...fromHeaders(header), ...responseHeaders }, { waitForTrailers: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  const parts = withPrefix(message);
  stream.cork();
  parts.forEach((part, index) => {
    if (index < parts.length - 1) stream.write(part);
    // Also called, with an error, when the stream breaks; the call's signal says so then.
    else stream.write(part, () => resolve());
  });
  stream.uncork();
  return promise;
}

/** A message with the gRPC prefix in front. Large parts go out from where they lie; a small one is put behind the prefix. */
function withPrefix(message: MessageParts): MessageParts {
  const [first, ...more] = message;
  const isSmall = first.byteLength < minPartBytes;
  const start = new Uint8Array(messagePrefixBytes + (isSmall ? first.byteLength : 0));
  new DataView(start.buffer).setUint32(1, lengthOf(message));
  if (!isSmall) return [start, first, ...more];
  start.set(first, messagePrefixBytes);
  return [start, ...more];
}

function endWith(stream: http2.ServerHttp2Stream, header: Headers, trailer: Headers): void {
  if (stream.destroyed) return;
  const trailers = fromHeaders(trailer);
  if (stream.headersSent) {
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end();
  } else {
    stream.respond({ ...fromHeaders(header), ...trailers, ...responseHeaders }, { endStream: true });
  }
  if (!stream.readableEnded) void closeOnceTold(stream);
}

/**
 * Tells a client that is still sending that nobody listens any more. Not before it has been told how the call ended, of which no event
 * speaks: a stream that is closed takes along what still waits behind the other calls of its connection.
 */
async function closeOnceTold(stream: http2.ServerHttp2Stream): Promise<void> {
  await nextTurn();
  while (!stream.destroyed && stream.state.localClose !== 1) await pause(5);
  if (!stream.destroyed && !stream.readableEnded) stream.close(http2.constants.NGHTTP2_NO_ERROR);
}
