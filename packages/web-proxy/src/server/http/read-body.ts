import type { IncomingMessage } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Reads the body of a request. How long it may take is up to the server's own time limits.
 *
 * Fails with `ResourceExhausted` for more than `maxBytes`, as soon as that is certain, `Canceled` when the client went away, and
 * `Unimplemented` when it is compressed.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw new ConnectError(`content-encoding ${JSON.stringify(encoding)} is not supported`, Code.Unimplemented);
  }
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let byteLength = 0;
  // Not as an async iterable: leaving one early would destroy the socket, and with it the answer.
  request.on("data", (chunk: Buffer) => {
    byteLength += chunk.byteLength;
    if (byteLength > maxBytes) {
      chunks.length = 0;
      request.pause();
      reject(tooLarge(maxBytes));
    } else chunks.push(chunk);
  });
  request.on("end", () => {
    const [only] = chunks;
    resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, byteLength));
  });
  request.on("error", (cause) => reject(goneError(cause)));
  request.on("close", () => reject(goneError(undefined)));
  return await promise;
}

function tooLarge(maxBytes: number): ConnectError {
  return new ConnectError(`the request has more than ${maxBytes} bytes`, Code.ResourceExhausted);
}

function goneError(cause: unknown): ConnectError {
  return new ConnectError("the client went away", Code.Canceled, undefined, undefined, cause);
}
