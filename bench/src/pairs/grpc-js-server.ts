import type { MessageInitShape } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { services } from "@resoio/core";
import { picture } from "../content.ts";
import { grpcMethod } from "../peers/grpc-js.ts";
import type { ServePair } from "./index.ts";

const { streamFrames } = services.camera.method;

/** A server of `@grpc/grpc-js` as its users have it. */
export const serveGrpcJs: ServePair = async (socketPath, size) => {
  const frame = picture(size);
  const { path, requestDeserialize, responseSerialize } = grpcMethod(streamFrames);
  const server = new grpc.Server({ "grpc.max_send_message_length": -1 });
  server.addService(
    {
      streamFrames: {
        path,
        requestStream: false,
        responseStream: true,
        requestSerialize: Buffer.from,
        requestDeserialize,
        responseSerialize,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    {
      streamFrames(call: grpc.ServerWritableStream<unknown, MessageInitShape<typeof streamFrames.output>>) {
        let frameId = 0n;
        const send = (): void => {
          while (!call.cancelled && call.write({ ...frame, frameId: frameId++ }));
        };
        call.on("drain", send);
        send();
      },
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
};
