import { describe, expect, it } from "vitest";
import { hexOf, playerId, worldId, worldKey, worldSpki } from "../testing/world-vectors.js";
import { parseIdentity } from "./identity.js";

describe("parseIdentity", () => {
  it("takes a key with a prefix and keeps the id as it is", async () => {
    const { publicKey } = await worldKey();
    const id = `medi:world:ed25519:hex:${hexOf(publicKey)}`;
    expect(parseIdentity(id, "world")).toEqual({ id, kind: "world", publicKey });
  });

  it("takes a key as PEM", async () => {
    const id = `medi:world:ed25519:-----BEGIN PUBLIC KEY-----\n${worldSpki}\n-----END PUBLIC KEY-----\n`;
    expect(parseIdentity(id, "world").publicKey).toEqual((await worldKey()).publicKey);
  });

  it.each([
    ["nothing", "", "MALFORMED_ID"],
    ["the id of a player", playerId, "MALFORMED_ID"],
    ["no key", "medi:world:ed25519", "MALFORMED_ID"],
    ["an empty key", "medi:world:ed25519:", "MALFORMED_ID"],
    ["another name", worldId.replace("medi", "meti"), "MALFORMED_ID"],
    ["something in front", ` ${worldId}`, "MALFORMED_ID"],
    ["a megabyte", worldId.padEnd(1_048_576, "A"), "MALFORMED_ID"],
    ["another scheme", worldId.replace("ed25519", "secp256k1"), "UNSUPPORTED_KEY_TYPE"],
    ["a scheme in capitals", worldId.replace("ed25519", "ED25519"), "UNSUPPORTED_KEY_TYPE"],
    ["a key that is cut off", worldId.slice(0, -1), "INVALID_KEY"],
    ["a key with a space, which was a plus", playerId.replace("player", "world").replace("+", " "), "INVALID_KEY"],
  ])("refuses %s", (_, id, code) => {
    expect(() => parseIdentity(id, "world")).toThrow(expect.objectContaining({ code }));
  });
});
