import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import type { CallTap } from "./call-tap.js";
import type { CallInfo, Recording } from "./recording.js";

/**
 * Records the calls of a Connect transport, in any program: pass it to whatever makes the transport, as the last of its
 * interceptors, so that it sees what is sent. Messages are encoded once more for it; streams go through as they are.
 *
 * It can be left in place when the recording has ended.
 */
export function createRecordingInterceptor(recording: Recording, info: CallInfo = {}): Interceptor {
  return (next) => async (request) => {
    const tap = recording.call(request.method, info);
    if (tap === undefined) return await next(request);
    try {
      if (request.stream) return await recordStream(tap, request, next);
      return await recordUnary(tap, request, next);
    } catch (error) {
      tap.end(ConnectError.from(error));
      throw error;
    }
  };
}

type Next = Parameters<Interceptor>[0];

async function recordUnary(tap: CallTap, request: UnaryRequest, next: Next) {
  tell(request.method.input, request.message, (bytes) => tap.request(bytes));
  const response = await next(request);
  if (!response.stream) tell(response.method.output, response.message, (bytes) => tap.response(bytes));
  tap.end(undefined);
  return response;
}

async function recordStream(tap: CallTap, request: StreamRequest, next: Next) {
  const { method, signal, message } = request;
  // Whoever cancels may not look at the messages any more.
  const onAbort = (): void => tap.end(ConnectError.from(signal.reason, Code.Canceled));
  signal.addEventListener("abort", onAbort, { once: true });
  const onEnd = (error: ConnectError | undefined): void => {
    signal.removeEventListener("abort", onAbort);
    tap.end(error);
  };
  try {
    const response = await next({
      ...request,
      message: observed(message, {
        onItem: (item) => tell(method.input, item, (bytes) => tap.request(bytes)),
        onEnd(error) {
          if (error === undefined) tap.halfClose();
        },
      }),
    });
    if (!response.stream) return response;
    return {
      ...response,
      message: observed(response.message, {
        onItem: (item) => tell(method.output, item, (bytes) => tap.response(bytes)),
        onEnd,
      }),
    };
  } catch (error) {
    onEnd(ConnectError.from(error));
    throw error;
  }
}

/** Encodes a message. One that cannot be encoded fails its call by itself, or never came from a wire. */
function tell<T extends DescMessage>(schema: T, message: MessageShape<T>, told: (bytes: Uint8Array) => void): void {
  let bytes: Uint8Array;
  try {
    bytes = toBinary(schema, message);
  } catch {
    return;
  }
  told(bytes);
}

interface Observer<T> {
  readonly onItem: (item: T) => void;
  /** Once, also when the items are left before their end. */
  readonly onEnd: (error: ConnectError | undefined) => void;
}

/** The same items, at the same pace, of which somebody else is told too. */
function observed<T>(items: AsyncIterable<T>, observer: Observer<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = items[Symbol.asyncIterator]();
      const observedIterator: AsyncIterator<T> = {
        async next() {
          let result: IteratorResult<T>;
          try {
            result = await iterator.next();
          } catch (error) {
            observer.onEnd(ConnectError.from(error));
            throw error;
          }
          if (result.done === true) observer.onEnd(undefined);
          else observer.onItem(result.value);
          return result;
        },
      };
      // What the original cannot do, this one does not offer: some of Connect's own cannot be left.
      const { return: leave, throw: fail } = iterator;
      if (leave !== undefined) {
        observedIterator.return = async (value) => {
          observer.onEnd(new ConnectError("the stream was left", Code.Canceled));
          return await leave.call(iterator, value);
        };
      }
      if (fail !== undefined) {
        observedIterator.throw = async (error) => {
          observer.onEnd(ConnectError.from(error, Code.Canceled));
          return await fail.call(iterator, error);
        };
      }
      return observedIterator;
    },
  };
}
