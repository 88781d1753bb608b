import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeaderField } from "../../http2/session.js";
import { errorCodes } from "../http2-codes.js";
import { Http2Error } from "../http2-error.js";
import { HpackDecoder } from "./hpack-decoder.js";
import { encodeHeaderBlock, tableIsUnused } from "./hpack-encoder.js";

const options = { maxTableBytes: 4096, maxListBytes: 65_536 };

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

function decode(block: Uint8Array): HeaderField[] {
  return new HpackDecoder(options).decode(block);
}

const firstRequest: readonly HeaderField[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];
const requests: readonly (readonly HeaderField[])[] = [
  firstRequest,
  [...firstRequest, ["cache-control", "no-cache"]],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];
const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const responses: readonly (readonly HeaderField[])[] = [
  [
    [":status", "302"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "307"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
    ["location", "https://www.example.com"],
    ["content-encoding", "gzip"],
    ["set-cookie", cookie],
  ],
];

describe("RFC 7541, appendix C", () => {
  it.each<[string, string, HeaderField]>([
    [
      "C.2.1 literal with indexing",
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      ["custom-key", "custom-header"],
    ],
    ["C.2.2 literal without indexing", "040c 2f73 616d 706c 652f 7061 7468", [":path", "/sample/path"]],
    ["C.2.3 literal never indexed", "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password", "secret"]],
    ["C.2.4 indexed", "82", [":method", "GET"]],
  ])("%s", (_, block, field) => {
    expect(decode(hex(block))).toEqual([field]);
  });

  it.each<[string, number, readonly string[], readonly (readonly HeaderField[])[]]>([
    [
      "C.3 requests without Huffman coding",
      4096,
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
      requests,
    ],
    [
      "C.4 requests with Huffman coding",
      4096,
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
      requests,
    ],
    [
      "C.5 responses without Huffman coding, with eviction",
      256,
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 54
         6e17 6874 7470 733a 2f2f 7777 772e 6578 616d 706c 652e 636f 6d`,
        "4803 3330 37c1 c0bf",
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
         4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
         7369 6f6e 3d31`,
      ],
      responses,
    ],
    [
      "C.6 responses with Huffman coding, with eviction",
      256,
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
         97c8 e9ae 82ae 43d3`,
        "4883 640e ffc1 c0bf",
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
         cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
      responses,
    ],
  ])("%s", (_, maxTableBytes, blocks, expected) => {
    const decoder = new HpackDecoder({ ...options, maxTableBytes });
    expect(blocks.map((block) => decoder.decode(hex(block.replaceAll("\n", ""))))).toEqual(expected);
  });
});

describe("the table", () => {
  it("is emptied by an entry that is larger than it", () => {
    const decoder = new HpackDecoder({ ...options, maxTableBytes: 64 });
    expect(decoder.decode(hex("40 01 61 01 62"))).toEqual([["a", "b"]]);
    expect(decoder.decode(hex("be"))).toEqual([["a", "b"]]);
    const big = Buffer.alloc(60, "c");
    decoder.decode(Buffer.concat([hex("40 01 64"), Buffer.of(big.byteLength), big]));
    expect(() => decoder.decode(hex("be"))).toThrow("entry 62");
  });

  it("can be made smaller and larger again before the first field of a block", () => {
    const decoder = new HpackDecoder(options);
    decoder.decode(hex("40 01 61 01 62"));
    // To 0, which evicts, then to 64.
    expect(decoder.decode(hex("20 3f 21 40 01 63 01 64"))).toEqual([["c", "d"]]);
    expect(decoder.decode(hex("be"))).toEqual([["c", "d"]]);
    expect(() => decoder.decode(hex("bf"))).toThrow("entry 63");
  });
});

describe("a malformed block", () => {
  it.each([
    ["index 0", "80", "entry 0"],
    ["an entry that does not exist", "be", "entry 62"],
    ["the name of an entry that does not exist", "7e 01 61", "entry 62"],
    ["nothing behind a literal", "40", "within a field"],
    ["a name alone", "40 01 61", "within a field"],
    ["a string that is cut", "40 0a 61", "within a string"],
    ["a number that is cut", "ff", "within a field"],
    ["a number that goes on for ever", "ff 80 80 80", "within a field"],
    ["a number that is too large", "7f ff ff ff ff 7f", "too large"],
    ["a number of zeros without end", `40 7f ${"80".repeat(160)} 00`, "too large"],
    ["a table above the limit", "3f e2 1f", "4097 bytes"],
    ["a change of the table behind a field", "82 20", "after its first field"],
    ["a Huffman string padded with zeros", "40 81 18 00", "padded"],
    ["a Huffman string padded with eight bits", "40 82 1f ff 00", "padded"],
    ["a Huffman string of the end mark", "40 84 ff ff ff ff 00", "end mark"],
  ])("with %s is refused", (_, block, reason) => {
    const error = failure(() => decode(hex(block)));
    expect(error).toBeInstanceOf(Http2Error);
    expect(error).toMatchObject({ errorCode: errorCodes.compressionError, message: expect.stringContaining(reason) });
  });

  it("that unfolds to more than the limit is refused before it is unfolded", () => {
    const decoder = new HpackDecoder(options);
    const value = Buffer.alloc(3_000, "v");
    const entry = Buffer.concat([hex("40 01 61 7f b9 16"), value]);
    expect(decoder.decode(entry)).toEqual([["a", value.toString()]]);
    const error = failure(() => decoder.decode(Buffer.alloc(16_000, 0xbe)));
    expect(error).toMatchObject({ errorCode: errorCodes.enhanceYourCalm });
  });

  it("of any bytes is decoded or refused as such, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder({ ...options, maxListBytes: 2_000 });
        for (const block of blocks) {
          const error = failure(() => decoder.decode(block));
          if (error === undefined) continue;
          expect(error).toBeInstanceOf(Http2Error);
          return;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("what our encoder wrote", () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
  const known = fc.constantFrom<HeaderField>([":method", "POST"], [":status", "500"], ["accept", ""], [":path", "/x"]);

  it("is read back as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.tuple(text, text), known)), (fields) => {
        expect(decode(encodeHeaderBlock(fields))).toEqual(fields);
      }),
    );
  });

  it.each([0, 1, 126, 127, 128, 254, 255, 16_510, 40_000])("is read back with a value of %i bytes", (byteCount) => {
    const fields: HeaderField[] = [["name", "v".repeat(byteCount)]];
    expect(decode(encodeHeaderBlock(fields))).toEqual(fields);
  });

  it("leaves no trace in the table", () => {
    const decoder = new HpackDecoder(options);
    decoder.decode(encodeHeaderBlock([["name", "value"]]));
    expect(() => decoder.decode(hex("be"))).toThrow("entry 62");
  });

  it("may follow the announcement that the table is not used", () => {
    expect(decode(Buffer.concat([tableIsUnused, encodeHeaderBlock([["a", "b"]])]))).toEqual([["a", "b"]]);
  });

  it("is Latin-1: other text is refused", () => {
    expect(() => encodeHeaderBlock([["name", "日本"]])).toThrow(
      new TypeError('a header holds "日", which is not Latin-1'),
    );
  });
});

function failure(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
