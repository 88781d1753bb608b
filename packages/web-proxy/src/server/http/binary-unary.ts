import { Code, ConnectError } from "@connectrpc/connect";
import {
  codeToHttpStatus,
  contentTypeUnaryJson,
  contentTypeUnaryProto,
  errorToJsonBytes,
  trailerMux,
} from "@connectrpc/connect/protocol-connect";
import type { WireCall } from "@resoio/core/internal";
import { earlyRefusal, type HttpCall, headersOf, timeoutOf } from "./http-call.js";
import { readBody } from "./read-body.js";

/** Serves a unary call of the Connect protocol in Protobuf's binary format. The message passes as it is. */
export async function serveBinaryUnary(call: HttpCall): Promise<void> {
  let answer: Answer;
  try {
    answer = await ask(call);
  } catch (cause) {
    answer = { call: undefined, error: ConnectError.from(cause), message: undefined };
  }
  respond(call, answer);
}

interface Answer {
  /** `undefined` when it did not come to a call. */
  readonly call: WireCall | undefined;
  readonly error: ConnectError | undefined;
  readonly message: Uint8Array | undefined;
}

async function ask(httpCall: HttpCall): Promise<Answer> {
  const { request, client, gate, rpc, maxMessageBytes } = httpCall;
  const refusal = earlyRefusal(httpCall);
  if (refusal !== undefined) throw refusal;
  const timeoutMs = timeoutOf(request);
  const body = await readBody(request, maxMessageBytes);
  const { promise, resolve } = Promise.withResolvers<Answer>();
  let message: Uint8Array | undefined;
  const call = gate.createCall(
    client,
    { path: rpc.path, header: headersOf(request), signal: client.signal, timeoutMs },
    {
      onOpen: () => call.sendLast(body),
      onHeader() {},
      onMessage(bytes) {
        if (message === undefined) message = bytes;
        else call.cancel(new ConnectError(`${rpc.id} answered with more than one message`, Code.Unimplemented));
      },
      onEnd: (error) => resolve({ call, error, message }),
    },
  );
  call.start();
  return await promise;
}

function respond({ request, response, rpc }: HttpCall, { call, error, message }: Answer): void {
  const missing = new ConnectError(`${rpc.id} answered without a message`, Code.Unimplemented);
  const failure = error ?? (message === undefined ? missing : undefined);
  const body = failure === undefined ? message : errorToJsonBytes(failure, undefined);
  for (const [name, value] of call === undefined ? [] : trailerMux(call.header, call.trailer)) {
    response.appendHeader(name, value);
  }
  response.statusCode = failure === undefined ? 200 : codeToHttpStatus(failure.code);
  response.setHeader("content-type", failure === undefined ? contentTypeUnaryProto : contentTypeUnaryJson);
  response.setHeader("content-length", body?.byteLength ?? 0);
  // What was not read of the request would otherwise be taken for the next one, or waited for.
  if (!request.complete) response.setHeader("connection", "close");
  response.end(body);
}
