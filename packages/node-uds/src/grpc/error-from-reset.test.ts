import { constants } from "node:http2";
import { Code, Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "../index.js";
import { callFailure } from "../testing/failure-of.js";
import { begin, startHttp2Server } from "../testing/http2-server.js";

// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
const statuses = [
  ["NO_ERROR", constants.NGHTTP2_NO_ERROR, Code.Internal],
  ["PROTOCOL_ERROR", constants.NGHTTP2_PROTOCOL_ERROR, Code.Internal],
  ["INTERNAL_ERROR", constants.NGHTTP2_INTERNAL_ERROR, Code.Internal],
  ["FLOW_CONTROL_ERROR", constants.NGHTTP2_FLOW_CONTROL_ERROR, Code.Internal],
  ["SETTINGS_TIMEOUT", constants.NGHTTP2_SETTINGS_TIMEOUT, Code.Internal],
  ["FRAME_SIZE_ERROR", constants.NGHTTP2_FRAME_SIZE_ERROR, Code.Internal],
  ["REFUSED_STREAM", constants.NGHTTP2_REFUSED_STREAM, Code.Unavailable],
  ["CANCEL", constants.NGHTTP2_CANCEL, Code.Canceled],
  ["COMPRESSION_ERROR", constants.NGHTTP2_COMPRESSION_ERROR, Code.Internal],
  ["CONNECT_ERROR", constants.NGHTTP2_CONNECT_ERROR, Code.Internal],
  ["ENHANCE_YOUR_CALM", constants.NGHTTP2_ENHANCE_YOUR_CALM, Code.ResourceExhausted],
  ["INADEQUATE_SECURITY", constants.NGHTTP2_INADEQUATE_SECURITY, Code.PermissionDenied],
] as const;

describe("errorFromReset", () => {
  describe.each(statuses)("a stream that the peer resets with %s", (_, resetCode, code) => {
    it(`fails its call with ${Code[code]} when nothing was answered`, async () => {
      await using server = await startHttp2Server((stream) => stream.close(resetCode));
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const error = await callFailure(new Resonite(transport).connection.ping());
      expect(Code[error.code]).toBe(Code[code]);
      expect(error.message).toContain("/resonite_io.v1.Connection/Ping");
      expect(server.sessions).toHaveLength(1);
    });

    it(`fails its call with ${Code[code]} in the middle of the answer, and leaves other calls alone`, async () => {
      await using server = await startHttp2Server((stream) => {
        begin(stream);
        stream.write(Buffer.alloc(5), () => stream.close(resetCode));
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { rpc } = new Resonite(transport);
      const frames = rpc.camera.streamFrames({})[Symbol.asyncIterator]();
      await frames.next();
      const error = await callFailure(frames.next());
      expect(Code[error.code]).toBe(Code[code]);
    });
  });
});
