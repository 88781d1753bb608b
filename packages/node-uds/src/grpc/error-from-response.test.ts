import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema, anyPack, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError, Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "../index.js";
import { callFailure } from "../testing/failure-of.js";
import { answer, answerPing, answerStatus, type OnCall, pong, startHttp2Server } from "../testing/http2-server.js";

describe("errorFromResponse", () => {
  it.each([
    [400, Code.Internal],
    [401, Code.Unauthenticated],
    [403, Code.PermissionDenied],
    [404, Code.Unimplemented],
    [415, Code.Unknown],
    [429, Code.Unavailable],
    [500, Code.Unknown],
    [502, Code.Unavailable],
    [503, Code.Unavailable],
    [504, Code.Unavailable],
  ])("takes HTTP %d for the status that gRPC gives to it", async (status, code) => {
    const error = await failureOfPing((stream) => stream.respond({ ":status": status }, { endStream: true }));
    expect(Code[error.code]).toBe(Code[code]);
    expect(error.message).toContain(`HTTP ${status}`);
  });

  it.each(["text/html; charset=utf-8", "application/json", "application/grpc-web+proto", "application/grpc+json", ""])(
    "takes the content type %j for a peer that is no gRPC server",
    async (contentType) => {
      const error = await failureOfPing((stream) => {
        stream.respond({ ":status": 200, ...(contentType === "" ? {} : { "content-type": contentType }) });
        stream.end("<html></html>");
      });
      expect(error.code).toBe(Code.Unknown);
      expect(error.message).toContain(JSON.stringify(contentType));
    },
  );

  it.each(["application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8", "Application/GRPC"])(
    "takes the content type %j for gRPC",
    async (contentType) => {
      await using server = await startHttp2Server((stream) =>
        answer(stream, { header: { "content-type": contentType }, body: pong("fine") }),
      );
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      expect((await new Resonite(transport).connection.ping()).message).toBe("fine");
    },
  );

  it("does not read on when the answer is no gRPC", async () => {
    const closed = Promise.withResolvers<void>();
    await using server = await startHttp2Server((stream) => {
      stream.once("close", () => closed.resolve());
      stream.respond({ ":status": 404 });
      stream.write("and so on");
      // And never ends.
    });
    await using transport = createUdsTransport({ socketPath: server.socketPath });
    await callFailure(new Resonite(transport).connection.ping());
    await closed.promise;
  });
});

describe("errorFromTrailer", () => {
  it.each([
    [
      "in the trailers",
      (status: string): OnCall =>
        (stream) =>
          answer(stream, { trailer: { "grpc-status": status } }),
    ],
    [
      "instead of a header",
      (status: string): OnCall =>
        (stream) =>
          answerStatus(stream, { "grpc-status": status }),
    ],
  ])("gives every status that comes %s its code", async (_, answerWith) => {
    for (let code = Code.Canceled; code <= Code.Unauthenticated; code++) {
      const error = await failureOfPing(answerWith(String(code)));
      expect(Code[error.code]).toBe(Code[code]);
    }
  });

  it("decodes the message", async () => {
    const error = await failureOfPing((stream) =>
      answerStatus(stream, { "grpc-status": "5", "grpc-message": "50%25 of gr%C3%BC%C3%9Fe%0A" }),
    );
    expect(error.code).toBe(Code.NotFound);
    expect(error.rawMessage).toBe("50% of grüße\n");
  });

  it.each(["100% sure", "%C3", "%zz"])("keeps the status when the message %j cannot be decoded", async (message) => {
    const error = await failureOfPing((stream) =>
      answerStatus(stream, { "grpc-status": "5", "grpc-message": message, "x-more": "kept" }),
    );
    expect(error.code).toBe(Code.NotFound);
    expect(error.rawMessage).toBe(message);
    expect(error.metadata.get("x-more")).toBe("kept");
  });

  it.each(["17", "99", "-1", "ok", "5x"])(
    "takes the status %j, which gRPC does not have, for Unknown",
    async (status) => {
      const error = await failureOfPing((stream) =>
        answerStatus(stream, { "grpc-status": status, "grpc-message": "what now" }),
      );
      expect(Code[error.code]).toBe("Unknown");
      expect(error.rawMessage).toContain("what now");
    },
  );

  it("fails with Internal when there is no status", async () => {
    const error = await failureOfPing((stream) => answer(stream, { body: pong(), trailer: { "x-other": "1" } }));
    expect(error.code).toBe(Code.Internal);
    expect(error.message).toContain("without a status");
  });

  it("hands on the details and the other trailers", async () => {
    // A google.rpc.Status: code, message, details.
    const details = new BinaryWriter()
      .tag(1, WireType.Varint)
      .int32(Code.FailedPrecondition)
      .tag(2, WireType.LengthDelimited)
      .string("no world")
      .tag(3, WireType.LengthDelimited)
      .bytes(toBinary(AnySchema, anyPack(StringValueSchema, create(StringValueSchema, { value: "why" }))))
      .finish();
    const error = await failureOfPing((stream) =>
      answerStatus(stream, {
        "grpc-status": "9",
        "grpc-message": "no world",
        "grpc-status-details-bin": Buffer.from(details).toString("base64"),
        "x-more": "kept",
      }),
    );
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(error.findDetails(StringValueSchema)).toMatchObject([{ value: "why" }]);
    expect(error.metadata.get("x-more")).toBe("kept");
  });

  it("keeps the status when the details cannot be decoded", async () => {
    const error = await failureOfPing((stream) =>
      answerStatus(stream, { "grpc-status": "9", "grpc-message": "no world", "grpc-status-details-bin": "////" }),
    );
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(error.rawMessage).toBe("no world");
  });
});

/** Pings a peer that answers as `onCall` does, and checks that it is not hurt by that. */
async function failureOfPing(onCall: OnCall): Promise<ConnectError> {
  let callCount = 0;
  await using server = await startHttp2Server((stream, headers) => {
    callCount++;
    if (callCount === 1) onCall(stream, headers);
    else answerPing(stream);
  });
  await using transport = createUdsTransport({ socketPath: server.socketPath });
  const { connection } = new Resonite(transport);
  const error = await callFailure(connection.ping());
  await connection.ping();
  expect(server.sessions).toHaveLength(1);
  return error;
}
