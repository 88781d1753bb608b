import type * as http2 from "node:http2";
import { describe, expect, it } from "vitest";
import { RecordedRequest, requestFields } from "../../testing/frame-peer.js";
import { answerFields } from "../../testing/http2-frames.js";
import { startHttp2Server } from "../../testing/http2-server.js";
import { openFastSession } from "../open-fast-session.js";
import { decodeHuffman } from "./huffman-code.js";

/** Every character that Node lets into a value, apart from blanks at its ends. */
const everyCharacter = Array.from({ length: 256 }, (_, code) => code)
  .filter((code) => code === 9 || (code >= 32 && code !== 127))
  .map((code) => String.fromCharCode(code));
const allCharacters = `<${everyCharacter.join("")}>`;

/** Each character among others with short codes, so that Node finds Huffman codes worth while. */
const inHuffmanCodes = Object.fromEntries(
  everyCharacter.map((character, position) => [`x-${position}`, `eeeeeeeeee${character}eeeeeeeeee`]),
);

describe("Huffman codes", () => {
  it.each([
    ["f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"],
    ["a8eb10649cbf", "no-cache"],
    ["", ""],
    // The longest codes, of 28 and 30 bits.
    ["ffffffcfffffff3f", "\x7f\n"],
  ])("%s are %j", (code, text) => {
    expect(decodeHuffman(Buffer.from(code, "hex"))).toBe(text);
  });
});

describe("headers between this client and Node's HTTP/2", () => {
  it("arrive as they were, in both directions, also when they are in the table", async () => {
    const seen: http2.IncomingHttpHeaders[] = [];
    const values = { "x-all": allCharacters, "x-long": "é".repeat(5_000), "x-empty": "", "x-same": "again" };
    await using server = await startHttp2Server((stream, headers) => {
      seen.push(headers);
      stream.respond(
        { ":status": 200, ...values, ...inHuffmanCodes, "x-turn": String(seen.length) },
        { waitForTrailers: true },
      );
      stream.once("wantTrailers", () => stream.sendTrailers({ "x-trailer": allCharacters }));
      stream.end();
    });
    const closed = Promise.withResolvers<void>();
    const ready = Promise.withResolvers<void>();
    const session = openFastSession({
      path: server.socketPath,
      streamWindowBytes: 65_535,
      connectionWindowBytes: 65_535,
      onReady: ready.resolve,
      onGoaway: () => {},
      onClose: () => closed.resolve(),
    });
    await ready.promise;
    for (let turn = 1; turn <= 5; turn++) {
      const told = new RecordedRequest();
      session.request([...requestFields, ...Object.entries(values), ...answerFields.slice(1)], told).end();
      await told.closed;
      expect(told.headers).toEqual([
        expect.objectContaining({ ":status": "200", ...values, ...inHuffmanCodes, "x-turn": String(turn) }),
        { "x-trailer": allCharacters },
      ]);
      expect(seen.at(-1)).toMatchObject({ ":path": "/test", ...values });
    }
    session.destroy();
    await closed.promise;
  });
});
