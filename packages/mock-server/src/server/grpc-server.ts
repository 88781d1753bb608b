import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { serveCall } from "./grpc-server-call.js";
import { statusTrailers } from "./grpc-status.js";
import { fromHeaders } from "./http2-headers.js";
import { findRoute, type Routes } from "./routes.js";

/** Options of {@link listenGrpc}. */
export interface GrpcServerOptions {
  readonly socketPath: string;
  readonly routes: Routes;
  /** The largest message that is accepted, in bytes. Default 64 MiB. */
  readonly readMaxBytes?: number;
}

/** A gRPC server that listens. */
export interface GrpcServer {
  /** How many calls are being answered. */
  readonly openCalls: number;
  /** Stops listening and lets no new call begin. Resolves when the last call has ended and the connections are closed. */
  drain(): Promise<void>;
  /** Stops listening and cuts all connections. Resolves when nothing of the server is left. May be called more than once. */
  close(): Promise<void>;
}

/** Listens for gRPC over HTTP/2 without TLS on a Unix domain socket. Resolves when connections are accepted. */
export async function listenGrpc(options: GrpcServerOptions): Promise<GrpcServer> {
  const { socketPath, routes, readMaxBytes = 64 * 1024 * 1024 } = options;
  const shutdown = new AbortController();
  const sockets = new Set<Socket>();
  const sessions = new Set<http2.ServerHttp2Session>();
  let openCalls = 0;

  const server = http2.createServer({
    // The window of the web server inside the real mod. That one takes 100 calls at once, which cannot be the limit here: Node
    // counts calls that were cancelled until it has cleared them away, and refuses new ones meanwhile.
    settings: { maxConcurrentStreams: 1000, initialWindowSize: 768 * 1024 },
    maxSessionMemory: 1024,
    // Node takes a client that cancels many calls for an attack and hangs up. Here it is somebody's test, on a private socket.
    streamResetBurst: 1_000_000,
    streamResetRate: 1_000_000,
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => session.destroy());
    session.once("close", () => sessions.delete(session));
  });
  server.on("sessionError", () => {
    // A connection that speaks something else. It has been destroyed.
  });
  server.on("stream", (stream, headers) => {
    const route = findRoute(routes, headers[":path"] ?? "");
    if (!isGrpc.test(headers["content-type"] ?? "")) refuse(stream, { ":status": 415 });
    else if (route instanceof ConnectError) {
      const trailers = fromHeaders(statusTrailers(route));
      refuse(stream, { ":status": 200, "content-type": "application/grpc", ...trailers });
    } else {
      openCalls++;
      void serveCall(stream, headers, route, { readMaxBytes, shutdownSignal: shutdown.signal }).finally(
        () => openCalls--,
      );
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, () => {
      server.off("error", reject);
      resolve();
    });
  });

  server.on("error", () => {
    // A connection that could not be accepted. Its client notices.
  });

  const closed = Promise.withResolvers<void>();
  const stopListening = (): void => {
    // Resolves when the connections are gone, too.
    if (server.listening) server.close(() => closed.resolve());
  };

  return {
    get openCalls() {
      return openCalls;
    },
    async drain() {
      stopListening();
      for (const session of sessions) session.close();
      await closed.promise;
    },
    async close() {
      stopListening();
      shutdown.abort(new ConnectError("the mod is shutting down", Code.Unavailable));
      // Not by way of their sessions: those would wait for a client that reads no longer.
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}

/** Not that of gRPC-Web, which the mod does not speak. */
const isGrpc = /^application\/grpc(\+|;|$)/i;

function refuse(stream: http2.ServerHttp2Stream, headers: http2.OutgoingHttpHeaders): void {
  stream.on("error", () => {
    // The client went away while it was being refused.
  });
  stream.respond(headers, { endStream: true });
  stream.close(http2.constants.NGHTTP2_NO_ERROR);
}
