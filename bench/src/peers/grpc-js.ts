import { once } from "node:events";
import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { services } from "@resoio/core";
import { pathOf } from "@resoio/core/internal";
import { spokenFrame } from "../content.ts";
import type { Peer } from "./peer.ts";

/** The windows that ours has. Users do not get them by themselves. */
export const tunedOptions: grpc.ClientOptions = { "grpc-node.flow_control_window": 16 * 1024 * 1024 };

/**
 * `@grpc/grpc-js`, as its users have it, except for the limit of a message, without which no picture above 1170 x 880 comes
 * through at all.
 */
export async function openGrpcJs(socketPath: string, options: grpc.ClientOptions): Promise<Peer> {
  const client = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    ...options,
  });
  const { camera, speaker, microphone, connection, inventory } = services;
  return {
    readPictures: (onPicture) =>
      readStream(client, camera.method.streamFrames, {}, ({ pixels }) => onPicture(pixels.length)),
    readSound: (onSound) =>
      readStream(client, speaker.method.streamAudio, {}, ({ samples }) => onSound(samples.length)),
    async speak(count) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const { path, serialize, deserialize } = grpcMethod(microphone.method.streamAudio);
      const call = client.makeClientStreamRequest(path, serialize, deserialize, (error, summary) =>
        error === null ? resolve(Number(summary?.receivedFrames)) : reject(error),
      );
      for (let sent = 0; sent < count; sent++) {
        if (!call.write(spokenFrame(sent))) await once(call, "drain");
      }
      call.end();
      return await promise;
    },
    async ping() {
      await callUnary(client, connection.method.ping, { message: "ping" });
    },
    async list() {
      return (await callUnary(client, inventory.method.list, { path: "/Inventory" })).entries.length;
    },
    async close() {
      client.close();
    },
  };
}

async function readStream<I extends DescMessage, O extends DescMessage>(
  client: grpc.Client,
  method: DescMethod & { readonly input: I; readonly output: O },
  request: MessageInitShape<I>,
  onMessage: (message: MessageShape<O>) => boolean,
): Promise<void> {
  const { path, serialize, deserialize } = grpcMethod(method);
  const stream = client.makeServerStreamRequest(path, serialize, deserialize, request);
  stream.on("error", () => {
    // Our own cancellation.
  });
  for await (const message of stream) if (!onMessage(message)) break;
  stream.cancel();
}

function callUnary<I extends DescMessage, O extends DescMessage>(
  client: grpc.Client,
  method: DescMethod & { readonly input: I; readonly output: O },
  request: MessageInitShape<I>,
): Promise<MessageShape<O>> {
  const { path, serialize, deserialize } = grpcMethod(method);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, serialize, deserialize, request, (error, answer) => {
      if (error === null && answer !== undefined) resolve(answer);
      else reject(error);
    });
  });
}

/** What `@grpc/grpc-js` wants to know of a method. */
export function grpcMethod<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
) {
  return {
    path: pathOf(method),
    serialize: (request: MessageInitShape<I>) => encode(method.input, request),
    deserialize: (bytes: Buffer): MessageShape<O> => fromBinary(method.output, bytes),
    requestDeserialize: (bytes: Buffer): MessageShape<I> => fromBinary(method.input, bytes),
    responseSerialize: (answer: MessageInitShape<O>) => encode(method.output, answer),
  };
}

/** It wants a `Buffer`; this one shares the bytes. */
function encode<T extends DescMessage>(schema: T, message: MessageInitShape<T>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(schema, create(schema, message));
  return Buffer.from(buffer, byteOffset, byteLength);
}
