import * as http2 from "node:http2";
import { connect } from "node:net";

/** An answer as it stands on the wire. */
export interface RawAnswer {
  /** Header fields, then trailers; of the same name the later one. */
  readonly headers: http2.IncomingHttpHeaders;
  /** What came between them. */
  readonly body: Buffer;
}

/** A request that is under way. */
export interface RawRequest {
  readonly stream: http2.ClientHttp2Stream;
  /** Resets the stream with the code CANCEL, and nothing else. (gRPC libraries for Node.js half-close it before that.) */
  cancel(): void;
  /** Resolves when the stream is closed, also when it was reset. */
  readonly answer: Promise<RawAnswer>;
}

/** A bare HTTP/2 client, for tests of what no gRPC client would send. */
export class RawHttp2 implements Disposable {
  readonly #session: http2.ClientHttp2Session;

  constructor(socketPath: string) {
    this.#session = http2.connect("http://localhost", { createConnection: () => connect(socketPath) });
    this.#session.on("error", () => {
      // The server cut the connection, which is what some tests are about.
    });
  }

  /** Opens a stream with the headers of a gRPC call, except for those given. The caller writes and ends it. */
  request(path: string, headers: http2.OutgoingHttpHeaders = {}): RawRequest {
    const cancelled = new AbortController();
    const stream = this.#session.request(
      { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers },
      { signal: cancelled.signal },
    );
    return { stream, cancel: () => cancelled.abort(), answer: answerOf(stream) };
  }

  /** Vanishes without a word. */
  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

/** Puts the prefix of a gRPC message before it; `announcedBytes` and `flags` for a prefix that lies. */
export function grpcFrame(message: Uint8Array, announcedBytes = message.byteLength, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flags);
  prefix.writeUInt32BE(announcedBytes, 1);
  return Buffer.concat([prefix, message]);
}

async function answerOf(stream: http2.ClientHttp2Stream): Promise<RawAnswer> {
  let headers: http2.IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on("error", () => {
    // Followed by "close".
  });
  stream.on("response", (received) => {
    headers = { ...headers, ...received };
  });
  stream.on("trailers", (received: http2.IncomingHttpHeaders) => {
    headers = { ...headers, ...received };
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => stream.once("close", () => resolve()));
  return { headers, body: Buffer.concat(chunks) };
}
