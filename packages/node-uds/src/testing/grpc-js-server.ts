import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { type Modality, services } from "@resoio/core";
import { makeTempFolder } from "./temp-folder.js";

type Services = typeof services;

type Handler<Method> = Method extends {
  methodKind: infer Kind;
  input: infer I extends DescMessage;
  output: infer O extends DescMessage;
}
  ? Kind extends "unary"
    ? grpc.handleUnaryCall<MessageShape<I>, MessageInitShape<O>>
    : Kind extends "server_streaming"
      ? grpc.handleServerStreamingCall<MessageShape<I>, MessageInitShape<O>>
      : grpc.handleClientStreamingCall<MessageShape<I>, MessageInitShape<O>>
  : never;

/** The methods that a test needs; the server answers `Unimplemented` to all others. */
export type GrpcHandlers = {
  readonly [Name in Modality]?: {
    readonly [Method in keyof Services[Name]["method"]]?: Handler<Services[Name]["method"][Method]>;
  };
};

/** A server of the independent implementation of gRPC. */
export interface GrpcJsServer extends AsyncDisposable {
  readonly socketPath: string;
  /** Cuts all connections and stops listening; the socket file goes away. */
  stop(): Promise<void>;
}

export async function startGrpcJsServer(
  handlers: GrpcHandlers,
  options: { readonly socketPath?: string } = {},
): Promise<GrpcJsServer> {
  const folder = options.socketPath === undefined ? await makeTempFolder() : undefined;
  const socketPath = options.socketPath ?? folder?.file("peer.sock") ?? "";
  // The real mod has no limits of its own; this implementation refuses messages above 4 MB unless it is told otherwise.
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const sent: Buffer[] = [];
  for (const [name, implementation] of Object.entries(handlers)) {
    // Methods that are registered without a handler would have their requests decoded before they are refused.
    const methods = services[name as Modality].methods.filter(({ localName }) => localName in implementation);
    if (methods.length > 0) server.addService(definitionOf(methods, sent), implementation);
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  let isStopped = false;
  async function stop(): Promise<void> {
    if (isStopped) return;
    isStopped = true;
    const closed = new Promise<void>((resolve) => {
      server.tryShutdown(() => resolve());
    });
    server.forceShutdown();
    await closed;
  }
  return {
    socketPath,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await folder?.[Symbol.asyncDispose]();
    },
  };
}

/**
 * Every response is also put into `sent`, so that it lives as long as the server: Node lets go of the bytes that a stream
 * still has to send when the stream closes, and what takes their place in memory would be sent instead.
 */
function definitionOf(methods: readonly DescMethod[], sent: Buffer[]): grpc.ServiceDefinition {
  return Object.fromEntries(
    methods.map((method): [string, grpc.MethodDefinition<unknown, unknown>] => {
      const { input, output, methodKind } = method;
      const definition = {
        path: `/${method.parent.typeName}/${method.name}`,
        requestStream: methodKind === "client_streaming",
        responseStream: methodKind === "server_streaming",
        requestSerialize: (message: unknown) => serialize(input, message),
        requestDeserialize: (bytes: Buffer) => fromBinary(input, bytes),
        responseSerialize(message: unknown) {
          const bytes = serialize(output, message);
          sent.push(bytes);
          return bytes;
        },
        responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes),
      };
      return [method.localName, definition];
    }),
  );
}

function serialize(schema: DescMessage, message: unknown): Buffer {
  return Buffer.from(toBinary(schema, create(schema, message as MessageInitShape<DescMessage>)));
}
