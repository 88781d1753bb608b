import { Code, ConnectError } from "@connectrpc/connect";
import {
  contentTypeStreamProto,
  createEndStreamSerialization,
  endStreamFlag,
} from "@connectrpc/connect/protocol-connect";
import { messagePrefixBytes, type WireCall } from "@resoio/core/internal";
import { earlyRefusal, type HttpCall, headersOf, timeoutOf } from "./http-call.js";
import { readBody } from "./read-body.js";

const endStream = createEndStreamSerialization(undefined);

/**
 * Serves a server-streaming call of the Connect protocol in Protobuf's binary format. Messages pass as they are, and no faster
 * than the client takes them.
 */
export async function serveBinaryStream(httpCall: HttpCall): Promise<void> {
  const { request, response, client, gate, rpc, maxMessageBytes } = httpCall;
  let message: Uint8Array;
  let timeoutMs: number | undefined;
  try {
    const refusal = earlyRefusal(httpCall);
    if (refusal !== undefined) throw refusal;
    timeoutMs = timeoutOf(request);
    message = onlyMessage(await readBody(request, maxMessageBytes + messagePrefixBytes));
  } catch (cause) {
    if (!request.complete) response.setHeader("connection", "close");
    sendHead(httpCall, undefined);
    sendEnd(httpCall, undefined, ConnectError.from(cause));
    return;
  }
  const call = gate.createCall(
    client,
    { path: rpc.path, header: headersOf(request), signal: client.signal, timeoutMs },
    {
      onOpen: () => call.sendLast(message),
      onHeader: () => sendHead(httpCall, call),
      onMessage(bytes, release) {
        sendHead(httpCall, call);
        if (!write(httpCall, 0, bytes, release)) call.pause();
      },
      onEnd(error) {
        sendHead(httpCall, call);
        sendEnd(httpCall, call, error);
      },
    },
  );
  response.on("drain", () => call.resume());
  call.start();
}

/** The message of a request that is allowed one. */
function onlyMessage(body: Uint8Array): Uint8Array {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.byteLength < messagePrefixBytes || view.getUint32(1) !== body.byteLength - messagePrefixBytes) {
    throw new ConnectError("the request is not exactly one message with its prefix", Code.InvalidArgument);
  }
  if (view.getUint8(0) !== 0) {
    throw new ConnectError("the request is compressed, which is not supported", Code.Unimplemented);
  }
  return body.subarray(messagePrefixBytes);
}

function sendHead({ response }: HttpCall, call: WireCall | undefined): void {
  if (response.headersSent) return;
  for (const [name, value] of call?.header ?? []) response.appendHeader(name, value);
  response.setHeader("content-type", contentTypeStreamProto);
  response.flushHeaders();
}

function sendEnd(call: HttpCall, { trailer }: { trailer: Headers } = { trailer: new Headers() }, error?: ConnectError) {
  const end = error === undefined ? { metadata: trailer } : { metadata: trailer, error };
  write(call, endStreamFlag, endStream.serialize(end));
  call.response.end();
}

/** False when the client is behind. `onSent` is called when the bytes are of no use any more. */
function write({ response }: HttpCall, flags: number, bytes: Uint8Array, onSent = (): void => {}): boolean {
  const prefix = new Uint8Array(messagePrefixBytes);
  prefix[0] = flags;
  new DataView(prefix.buffer).setUint32(1, bytes.byteLength);
  // Both parts in one system call, without copying the message behind its prefix.
  response.cork();
  response.write(prefix);
  response.write(bytes, (error) => {
    // What could not be written may still be held somewhere.
    if (!error) onSent();
  });
  response.uncork();
  // Asked for only now: it may all be gone by this time, and then no "drain" follows.
  return !response.writableNeedDrain;
}
