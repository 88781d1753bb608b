import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexOf, vectors, worldKey, worldSpki } from "../testing/world-vectors.js";
import { toBase64, toBase64Url } from "./encoded-bytes.js";
import { createSigningKey, decodePublicKey, decodeSignature, verifySignature } from "./keys.js";

const spki = new Uint8Array(Buffer.from(worldSpki, "base64"));
const raw = spki.slice(12);
const pem = `-----BEGIN PUBLIC KEY-----\n${worldSpki}\n-----END PUBLIC KEY-----\n`;

describe("decodePublicKey", () => {
  it.each([
    ["PEM", pem],
    ["PEM on lines of Windows", pem.replaceAll("\n", "\r\n")],
    ["32 bytes as hex", hexOf(raw)],
    ["32 bytes as hex in capitals", hexOf(raw).toUpperCase()],
    ["32 bytes as base64", toBase64(raw)],
    ["32 bytes as base64 without padding", toBase64(raw).replace("=", "")],
    ["32 bytes as base64url", toBase64Url(raw)],
    ["32 bytes as base64url with padding", `${toBase64Url(raw)}=`],
    ["SPKI as hex", hexOf(spki)],
    ["SPKI as base64", toBase64(spki)],
    ["SPKI as base64url", toBase64Url(spki)],
    ["hex with its name", `hex:${hexOf(raw)}`],
    ["base64 with its name", `base64:${toBase64(raw)}`],
    ["base64url with its name", `base64url:${toBase64Url(raw)}`],
    ["SPKI as hex with its name", `hex:${hexOf(spki)}`],
    ["SPKI as base64 with its name", `base64:${toBase64(spki)}`],
    ["SPKI as base64url with its name", `base64url:${toBase64Url(spki)}`],
  ])("reads %s", (_, text) => {
    expect(decodePublicKey(text)).toEqual(raw);
  });

  it.each([
    ["nothing", ""],
    ["the name of another encoding", `base32:${toBase64(raw)}`],
    ["an encoding under another's name", `hex:${toBase64(raw)}`],
    ["a name in capitals", `HEX:${hexOf(raw)}`],
    ["a name twice", `hex:hex:${hexOf(raw)}`],
    ["31 bytes", toBase64(raw.slice(1))],
    ["33 bytes", hexOf(Uint8Array.of(0, ...raw))],
    ["an odd number of hex digits", hexOf(raw).slice(1)],
    ["a space in front", ` ${hexOf(raw)}`],
    ["a line feed at the end", `${toBase64(raw)}\n`],
    ["base64 and base64url in one", `+${toBase64Url(raw).slice(1).replace("B", "-")}`],
    ["too much padding", `${toBase64(raw)}=`],
    ["base64 with bits that mean nothing", toBase64(raw).replace("w=", "x=")],
    ["SPKI of another kind of key", hexOf(spki).replace("2b6570", "2b6571")],
    [
      "PEM of a private key",
      generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    ],
    [
      "PEM of another kind of key",
      generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "pem" }).toString(),
    ],
    ["PEM with something behind it", `${pem}x`],
    ["PEM without an end", "-----BEGIN PUBLIC KEY-----\nAAAA"],
    ["a point that is not on the curve", `02${"00".repeat(31)}`],
    ["a key under which anybody can sign", "01".padEnd(64, "0")],
    ["a megabyte", "A".repeat(1_048_576)],
    ["a megabyte that says that it is PEM", `BEGIN PUBLIC KEY${" ".repeat(1_048_576)}`],
  ])("refuses %s", (_, text) => {
    expect(() => decodePublicKey(text)).toThrow(expect.objectContaining({ code: "INVALID_KEY" }));
  });

  it("reads the keys that Node makes, in every encoding", () => {
    for (let count = 0; count < 20; count++) {
      const { publicKey } = generateKeyPairSync("ed25519");
      const der = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
      const texts = [
        hexOf(der),
        toBase64(der),
        toBase64Url(der.slice(12)),
        publicKey.export({ type: "spki", format: "pem" }),
      ];
      for (const text of texts) expect(decodePublicKey(text.toString())).toEqual(der.slice(12));
    }
  });
});

describe("a signature", () => {
  const [{ value, signature }] = vectors;
  const bytes = new Uint8Array(Buffer.from(signature, "base64"));

  it.each([
    ["hex", hexOf(bytes)],
    ["base64url", toBase64Url(bytes)],
    ["hex with its name", `hex:${hexOf(bytes)}`],
    ["base64 without padding", signature.replace(/=+$/, "")],
  ])("may be %s", async (_, text) => {
    expect(await verifySignature(value, text, raw)).toBe(true);
  });

  it.each([
    ["63 bytes", toBase64(bytes.slice(1))],
    ["65 bytes", toBase64(Uint8Array.of(...bytes, 0))],
    ["PEM", `-----BEGIN PUBLIC KEY-----\n${signature}\n-----END PUBLIC KEY-----`],
    ["nothing", ""],
  ])("may not be %s", async (_, text) => {
    expect(decodeSignature(text)).toBeUndefined();
    expect(await verifySignature(value, text, raw)).toBe(false);
  });

  it("may not have any other byte", async () => {
    const change = fc.tuple(fc.nat({ max: 63 }), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([index, mask]) => {
        const other = bytes.map((byte, at) => (at === index ? byte ^ mask : byte));
        expect(await verifySignature(value, toBase64(other), raw)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it("may not be the second form that ed25519 allows of the same signature", async () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const scalar = BigInt(`0x${hexOf(bytes.slice(32).reverse())}`) + order;
    const second = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse();
    expect(await verifySignature(value, toBase64(Uint8Array.of(...bytes.slice(0, 32), ...second)), raw)).toBe(false);
  });

  it("is not made over what has no canonical form", async () => {
    await expect((await worldKey()).sign({ a: 0.5 })).rejects.toMatchObject({ code: "NOT_CANONICAL" });
  });
});

describe("a signing key", () => {
  it("shows nothing of its secret", async () => {
    const secret = new Uint8Array(32).fill(0xab);
    const key = await createSigningKey(secret);
    const shown = `${inspect(key, { depth: 10, showHidden: true })} ${JSON.stringify(key)} ${String(key)}`;
    expect(shown).not.toMatch(/171, 171|abab|qqur/i);
  });

  it("keeps its secret when the bytes it was made of are wiped", async () => {
    const secret = new Uint8Array(32).fill(1);
    const key = await createSigningKey(secret);
    secret.fill(0);
    expect(await key.sign(vectors[0].value)).toBe(vectors[0].signature);
  });

  it("takes exactly 32 bytes", async () => {
    await expect(createSigningKey(new Uint8Array(64))).rejects.toMatchObject({ code: "INVALID_KEY" });
  });
});
