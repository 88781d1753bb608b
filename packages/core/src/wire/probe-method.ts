import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type Message,
} from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type CallOptions, Code, ConnectError, type Transport } from "@connectrpc/connect";

/** A transport that can be asked to connect, which fails when the other end cannot be reached. */
export interface ProbeTransport extends Transport {
  open(options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined }): Promise<void>;
}

/**
 * Asks whether the other end of `transport` has `method`, without calling it: the request is one that nobody can decode, so a
 * server that has the method refuses it before anything happens, and one that has not says `Unimplemented`.
 *
 * Only for transports that send requests in the binary format. A stream of requests is handed to its handler before the first
 * one is decoded, so methods with one are not asked for: the answer is true, as every released mod has them.
 *
 * Fails as connecting does, with `Unavailable` for what is no `ConnectError`, and else with `Unavailable`, `Canceled` and
 * `DeadlineExceeded`, which say nothing about the method.
 */
export async function probeMethod(
  transport: ProbeTransport,
  method: DescMethod,
  options: CallOptions = {},
): Promise<boolean> {
  const { signal, headers, contextValues } = options;
  if (!isUnary(method) && !isServerStreaming(method)) return true;
  const timeoutMs = await reach(transport, options);
  try {
    if (isUnary(method)) {
      await transport.unary(method, signal, timeoutMs, headers, undecodable(method.input), contextValues);
    } else {
      const requests = only(undecodable(method.input));
      const { message } = await transport.stream(method, signal, timeoutMs, headers, requests, contextValues);
      for await (const _ of message) break;
    }
    return true;
  } catch (error) {
    const { code } = ConnectError.from(error);
    if (code === Code.Unavailable || code === Code.Canceled || code === Code.DeadlineExceeded) throw error;
    return code !== Code.Unimplemented;
  }
}

/**
 * Whatever its code, a failure to connect says nothing about the method, and must not be taken for an answer. Returns what is
 * left of the time.
 */
async function reach(transport: ProbeTransport, { signal, timeoutMs }: CallOptions): Promise<number | undefined> {
  const limitMs = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
  const startMs = performance.now();
  try {
    await transport.open({ signal, timeoutMs: limitMs });
  } catch (error) {
    throw ConnectError.from(error, Code.Unavailable);
  }
  return limitMs === undefined ? timeoutMs : Math.max(1, limitMs - (performance.now() - startMs));
}

/**
 * A message that ends within a field. The field is one that no message has: a parser that knows a field by its number may trust
 * the type that it expects, and read on.
 */
function undecodable(schema: DescMessage): Message {
  const message = create(schema);
  message.$unknown = [{ no: maxFieldNumber, wireType: WireType.LengthDelimited, data: Uint8Array.of(1) }];
  return message;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isServerStreaming(method: DescMethod): method is DescMethodServerStreaming {
  return method.methodKind === "server_streaming";
}

const maxFieldNumber = 536_870_911;

async function* only<T>(message: T): AsyncGenerator<T> {
  yield message;
}
