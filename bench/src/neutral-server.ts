// A server as fast as Node's http2 allows, so that what is measured is the client: it sends bytes that were made before.
//   node neutral-server.ts SOCKET WIDTH HEIGHT
import * as http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { CameraFrameFormat, CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";

const [socketPath = "", width = "0", height = "0"] = process.argv.slice(2);

const frame = framed(
  toBinary(
    CameraFrameSchema,
    create(CameraFrameSchema, {
      width: Number(width),
      height: Number(height),
      format: CameraFrameFormat.RGBA8,
      unixNanos: 1_767_225_600_000_000_000n,
      pixels: new Uint8Array(Number(width) * Number(height) * 4).fill(127),
    }),
  ),
);
const pong = framed(toBinary(PingResponseSchema, create(PingResponseSchema, { message: "ping", serverUnixNanos: 1n })));
const headers = { ":status": 200, "content-type": "application/grpc" };

const server = http2.createServer({ maxSessionMemory: 1024 });
server.on("stream", (stream, { ":path": path }) => {
  stream.on("error", () => {
    // The client has had enough.
  });
  stream.respond(headers, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  if (path === "/resonite_io.v1.Camera/StreamFrames") sendFrames(stream);
  else stream.end(pong);
});
server.listen(socketPath, () => process.send?.("listening"));
process.once("disconnect", () => process.exit());

function sendFrames(stream: http2.ServerHttp2Stream): void {
  if (!stream.destroyed) stream.write(frame, () => sendFrames(stream));
}

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}
