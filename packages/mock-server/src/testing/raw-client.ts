import {
  create,
  type DescMessage,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { pathOf } from "@resoio/core/internal";

/** A gRPC client that we did not write, for tests: @grpc/grpc-js with messages built from the contract. */
export class RawClient implements Disposable {
  readonly #client: grpc.Client;

  constructor(socketPath: string) {
    this.#client = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
    });
  }

  /** Calls a unary RPC. Rejects with grpc-js's error: `code` is the status, `details` its text. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    const { promise, resolve, reject } = Promise.withResolvers<MessageShape<O>>();
    this.#client.makeUnaryRequest(
      pathOf(method),
      serializer(method.input),
      deserializer(method.output),
      create(method.input, request),
      (error, response) => {
        if (error !== null || response === undefined) reject(error);
        else resolve(response);
      },
    );
    return promise;
  }

  /** Opens a server stream. It is an async iterable; `cancel()` cancels the call. */
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
  ): grpc.ClientReadableStream<MessageShape<O>> {
    return this.#client.makeServerStreamRequest(
      pathOf(method),
      serializer(method.input),
      deserializer(method.output),
      create(method.input, request),
    );
  }

  /** Opens a client stream: `send` messages, then `halfClose` and await the `response`, or `cancel`. */
  clientStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
  ): {
    readonly send: (message: MessageInitShape<I>) => void;
    readonly halfClose: () => void;
    readonly cancel: () => void;
    readonly response: Promise<MessageShape<O>>;
  } {
    const { promise, resolve, reject } = Promise.withResolvers<MessageShape<O>>();
    // A test that cancels need not look at the answer.
    promise.catch(() => {});
    const call = this.#client.makeClientStreamRequest(
      pathOf(method),
      serializer(method.input),
      deserializer(method.output),
      (error, response) => {
        if (error !== null || response === undefined) reject(error);
        else resolve(response);
      },
    );
    return {
      send: (message) => void call.write(create(method.input, message)),
      halfClose: () => call.end(),
      cancel: () => call.cancel(),
      response: promise,
    };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** The status with which a call fails, as grpc-js tells it. */
export async function statusOf(call: Promise<unknown>): Promise<{ readonly code: string; readonly details: string }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error && "code" in error && "details" in error && typeof error.code === "number") {
      return { code: grpc.status[error.code] ?? String(error.code), details: String(error.details) };
    }
    throw error;
  }
  return { code: "OK", details: "" };
}

function serializer<T extends DescMessage>(schema: T): (message: MessageShape<T>) => Buffer {
  return (message) => Buffer.from(toBinary(schema, message));
}

function deserializer<T extends DescMessage>(schema: T): (bytes: Buffer) => MessageShape<T> {
  return (bytes) => fromBinary(schema, bytes);
}
