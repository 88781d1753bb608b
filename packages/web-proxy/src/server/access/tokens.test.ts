import { InvalidOptionsError } from "@resoio/core";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createToken, TokenRefusedError, tokenKey, verifyToken } from "./tokens.js";

const secret = "a secret of more than thirty-two bytes";
const key = tokenKey(secret);
const otherKey = tokenKey("another secret, as long as the first one");

/** A token as somebody else would make it, with whatever in it. */
function forge(claims: Record<string, unknown>, { signedWith = key, alg = "HS256" } = {}): Promise<string> {
  return new SignJWT({ aud: "resoio-proxy", access: ["observe"], exp: inSeconds(60), ...claims })
    .setProtectedHeader({ alg })
    .sign(signedWith);
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}

function base64Url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

describe("a token", () => {
  it("says what its bearer may do, who he is, and until when", async () => {
    const before = Date.now();
    const token = await createToken({ secret, access: ["admin", "observe"], name: "Stage left", expiresInMs: 60_000 });
    const { access, name, expiresAt } = await verifyToken(token, key);
    expect([...access]).toEqual(["observe", "admin"]);
    expect(name).toBe("Stage left");
    expect(expiresAt).toBeGreaterThan(before + 58_000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it("is valid for eight hours and has no name unless told otherwise", async () => {
    const { name, expiresAt } = await verifyToken(await createToken({ secret, access: ["observe"] }), key);
    expect(name).toBeUndefined();
    expect(Math.round((expiresAt - Date.now()) / 3_600_000)).toBe(8);
  });

  it("fits into the name of a WebSocket subprotocol", async () => {
    expect(await createToken({ secret, access: ["observe"], name: "名前" })).toMatch(/^[\w.-]+$/);
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ["that is expired", () => forge({ exp: inSeconds(-1) }), /expired/],
    ["that never expires", () => forge({ exp: undefined }), /not valid/],
    ["that was signed with another secret", () => forge({}, { signedWith: otherKey }), /not valid/],
    ["for something else", () => forge({ aud: "bank" }), /not valid/],
    ["for nothing in particular", () => forge({ aud: undefined }), /not valid/],
    ["that is signed in another way", () => forge({}, { alg: "HS384" }), /not valid/],
    ["that gives nothing", () => forge({ access: [] }), /good for/],
    ["that gives what does not exist", () => forge({ access: ["observe", "root"] }), /good for/],
    ["that gives what every object has", () => forge({ access: ["constructor"] }), /good for/],
    ["whose access is no list", () => forge({ access: "admin" }), /good for/],
    ["that is no token", async () => "hello", /not valid/],
    ["that is empty", async () => "", /not valid/],
    [
      "without a signature",
      async () => `${base64Url({ alg: "none" })}.${base64Url({ aud: "resoio-proxy", access: ["admin"], exp: 9e9 })}.`,
      /not valid/,
    ],
    [
      "with more rights than were signed",
      async () => {
        const [header, , signature] = (await forge({})).split(".");
        return `${header}.${base64Url({ aud: "resoio-proxy", access: ["secret"], exp: inSeconds(60) })}.${signature}`;
      },
      /not valid/,
    ],
  ])("%s is refused, in words that do not quote it", async (_, make, says) => {
    const token = await make();
    const error = await verifyToken(token, key).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(TokenRefusedError);
    expect(String(error)).toMatch(says);
    for (const part of token.split(".").filter((text) => text.length > 8)) expect(String(error)).not.toContain(part);
  });
});

describe("createToken refuses", () => {
  it.each([
    [
      "a secret that could be guessed",
      { secret: "x".repeat(31), access: ["observe"] as const },
      /31 bytes and needs 32/,
    ],
    ["a token that is good for nothing", { secret, access: [] }, /empty/],
    ["a name that is too long", { secret, access: ["observe"] as const, name: "x".repeat(101) }, /1 to 100/],
    ["a name that would break a log line", { secret, access: ["observe"] as const, name: "a\nb" }, /printable/],
    ["a time that is over at once", { secret, access: ["observe"] as const, expiresInMs: 999 }, /expiresInMs/],
    ["a time without end", { secret, access: ["observe"] as const, expiresInMs: Infinity }, /expiresInMs/],
    ["no time", { secret, access: ["observe"] as const, expiresInMs: Number.NaN }, /expiresInMs/],
  ])("%s", async (_, options, says) => {
    await expect(createToken(options)).rejects.toThrow(InvalidOptionsError);
    await expect(createToken(options)).rejects.toThrow(says);
  });
});
