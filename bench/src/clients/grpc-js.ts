import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { CameraFrameSchema, CameraStreamRequestSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { PingRequestSchema, PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import type { BenchClient } from "./bench-client.ts";

/** `@grpc/grpc-js`, with its window opened as far as ours. */
export async function openClient(socketPath: string): Promise<BenchClient> {
  const client = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc-node.flow_control_window": 16 * 1024 * 1024,
  });
  const frameRequest = create(CameraStreamRequestSchema);
  const pingRequest = create(PingRequestSchema, { message: "ping" });
  return {
    async readFrames(count) {
      const stream = client.makeServerStreamRequest(
        "/resonite_io.v1.Camera/StreamFrames",
        () => Buffer.from(toBinary(CameraStreamRequestSchema, frameRequest)),
        (bytes) => fromBinary(CameraFrameSchema, bytes),
        frameRequest,
      );
      stream.on("error", () => {
        // Our own cancellation.
      });
      let bytes = 0;
      let frames = 0;
      for await (const { pixels } of stream) {
        bytes += pixels.byteLength;
        if (++frames === count) break;
      }
      stream.cancel();
      return bytes;
    },
    ping: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          "/resonite_io.v1.Connection/Ping",
          () => Buffer.from(toBinary(PingRequestSchema, pingRequest)),
          (bytes) => fromBinary(PingResponseSchema, bytes),
          pingRequest,
          (error) => (error === null ? resolve() : reject(error)),
        );
      }),
    async close() {
      client.close();
    },
  };
}
