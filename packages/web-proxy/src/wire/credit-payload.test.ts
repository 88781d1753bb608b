import { expect, it } from "vitest";
import { decodeCredit, encodeCredit } from "./credit-payload.js";
import { closeCodes } from "./protocol.js";

it.each([
  [1, [0, 0, 0, 1]],
  [0x01020304, [1, 2, 3, 4]],
  [0xffff_ffff, [255, 255, 255, 255]],
])("a credit of %i is four bytes, big-endian", (byteCount, bytes) => {
  expect([...encodeCredit(byteCount)]).toEqual(bytes);
  expect(decodeCredit(Uint8Array.from([7, 7, ...bytes, 7]).subarray(2, 6))).toBe(byteCount);
});

it.each([[[0, 0, 0, 0]], [[]], [[0, 0, 1]], [[0, 0, 0, 1, 0]]])("%j is a breach that closes with 4400", (bytes) => {
  expect(() => decodeCredit(Uint8Array.from(bytes))).toThrow(
    expect.objectContaining({ closeCode: closeCodes.protocolError }),
  );
});
