import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { EndSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEnd, encodeEnd } from "./end-payload.js";
import { maxFrameBytes } from "./protocol.js";
import { ProtocolError } from "./protocol-error.js";

const trailer = new Headers({ "x-last": "1", "x-hint-bin": "AAE" });

describe("the payload of END", () => {
  it("carries success and trailers", () => {
    const { error, trailer: decoded } = decodeEnd(encodeEnd(undefined, trailer));

    expect(error).toBeUndefined();
    expect([...(decoded ?? [])]).toEqual([...trailer]);
  });

  it("carries an error with its message, details and trailers", () => {
    const sent = new ConnectError("no such session", Code.NotFound, undefined, [
      { desc: StringValueSchema, value: { value: "S-1" } },
    ]);

    const { error } = decodeEnd(encodeEnd(sent, trailer));

    expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "no such session" });
    expect(error?.findDetails(StringValueSchema)).toMatchObject([{ value: "S-1" }]);
    expect([...(error?.metadata ?? [])]).toEqual([...trailer]);
  });

  it("carries details that came from elsewhere as they are", () => {
    const sent = new ConnectError("no", Code.Internal);
    sent.details = [{ type: "some.Unknown", value: Uint8Array.of(1, 2) }];

    expect(decodeEnd(encodeEnd(sent, new Headers())).error?.details).toEqual(sent.details);
  });

  it.each([
    ["details", { details: maxFrameBytes, message: 10, trailer: 10 }, { details: 0, message: 10, trailer: 10 }],
    [
      "details and trailers",
      { details: 10, message: 10, trailer: maxFrameBytes },
      { details: 0, message: 10, trailer: 0 },
    ],
    [
      "all but the start of the message",
      { details: 10, message: maxFrameBytes, trailer: 10 },
      { details: 0, message: 4_097, trailer: 0 },
    ],
  ])("leaves out %s to fit into a frame", (_, given, left) => {
    const sent = new ConnectError("m".repeat(given.message), Code.Internal);
    sent.details = [{ type: "a.B", value: new Uint8Array(given.details) }];

    const payload = encodeEnd(sent, new Headers({ x: "t".repeat(given.trailer) }));

    expect(payload.byteLength).toBeLessThanOrEqual(maxFrameBytes);
    const { error, trailer: decoded } = decodeEnd(payload);
    expect(error?.rawMessage).toHaveLength(left.message);
    expect(error?.details).toHaveLength(left.details);
    expect((decoded?.get("x") ?? "").length).toBe(left.trailer);
  });

  it("fits into a frame and can be read whatever an error says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 50 }), fc.integer({ min: 0, max: 3_000 }), (text, times) => {
        const payload = encodeEnd(new ConnectError(text.repeat(times), Code.Internal), new Headers());

        expect(payload.byteLength).toBeLessThanOrEqual(maxFrameBytes);
        expect(decodeEnd(payload).error?.code).toBe(Code.Internal);
      }),
    );
  });

  it("means Unknown with a code that is none", () => {
    const end = fromBinary(EndSchema, encodeEnd(new ConnectError("odd", Code.Internal), new Headers()));
    end.code = 99;

    expect(decodeEnd(toBinary(EndSchema, end)).error).toMatchObject({ code: Code.Unknown, rawMessage: "odd" });
  });

  it("is a ProtocolError or an end, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (payload) => {
        try {
          decodeEnd(payload);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
