import { once } from "node:events";
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { services } from "@resoio/core";
import { frame } from "./grpc-frames.js";
import { makeTempFolder } from "./temp-folder.js";

/** What the peer does with a call. */
export type OnCall = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

/** A peer that speaks HTTP/2, but of gRPC only what the test makes it speak. */
export interface Http2Server extends AsyncDisposable {
  readonly socketPath: string;
  /** Every connection that was ever made, the oldest first. */
  readonly sessions: readonly http2.ServerHttp2Session[];
  /** Stops listening and cuts all connections without a word, as when a mod is killed; the socket file goes away. */
  stop(): Promise<void>;
}

export async function startHttp2Server(
  onCall: OnCall,
  options: { readonly socketPath?: string; readonly settings?: http2.Settings } = {},
): Promise<Http2Server> {
  const folder = options.socketPath === undefined ? await makeTempFolder() : undefined;
  const socketPath = options.socketPath ?? folder?.file("peer.sock") ?? "";
  const sessions: http2.ServerHttp2Session[] = [];
  const server = http2.createServer({ settings: options.settings ?? {}, maxSessionMemory: 1024 });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => {
      // The test broke the connection on purpose.
    });
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {
      // The client reset the stream, which is often what is tested.
    });
    onCall(stream, headers);
  });
  server.listen(socketPath);
  await once(server, "listening");

  async function stop(): Promise<void> {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, "close");
  }
  return {
    socketPath,
    sessions,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await folder?.[Symbol.asyncDispose]();
    },
  };
}

/** What {@link answer} says. */
export interface Answer {
  readonly header?: http2.OutgoingHttpHeaders;
  /** Bytes of the body, framed or not. */
  readonly body?: Uint8Array;
  readonly trailer?: http2.OutgoingHttpHeaders;
}

const grpcHeader: http2.OutgoingHttpHeaders = { ":status": 200, "content-type": "application/grpc" };

/** Sends the response headers alone. */
export function begin(stream: http2.ServerHttp2Stream, header: http2.OutgoingHttpHeaders = {}): void {
  stream.respond({ ...grpcHeader, ...header }, { waitForTrailers: true });
}

/** Sends a whole response; by default it has no message and the status OK. */
export function answer(stream: http2.ServerHttp2Stream, { header = {}, body, trailer }: Answer = {}): void {
  begin(stream, header);
  finish(stream, body, trailer);
}

/** Sends the rest of a response that was begun. */
export function finish(
  stream: http2.ServerHttp2Stream,
  body: Uint8Array = new Uint8Array(),
  trailer: http2.OutgoingHttpHeaders = { "grpc-status": "0" },
): void {
  stream.once("wantTrailers", () => stream.sendTrailers(trailer));
  stream.end(body);
}

/** Sends a status with no header and no message before it, as servers do for a call that fails at once. */
export function answerStatus(stream: http2.ServerHttp2Stream, trailer: http2.OutgoingHttpHeaders): void {
  stream.respond({ ...grpcHeader, ...trailer }, { endStream: true });
}

/** The answer to a ping, framed. */
export function pong(message = "pong"): Buffer {
  return frame(services.connection.method.ping.output, { message });
}

/** Answers a ping. */
export function answerPing(stream: http2.ServerHttp2Stream): void {
  answer(stream, { body: pong() });
}
