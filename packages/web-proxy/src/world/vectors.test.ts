import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { playerId, playerKey, vectors, worldId, worldKey, worldSpki } from "../testing/world-vectors.js";
import { canonicalBytes } from "./canonical-json.js";
import { parseIdentity, playerIdOf, worldIdOf } from "./identity.js";
import { decodePublicKey, verifySignature } from "./keys.js";

describe("the test vectors", () => {
  it("have the ids of the keys", async () => {
    expect(worldIdOf((await worldKey()).publicKey)).toBe(worldId);
    expect(playerIdOf((await playerKey()).publicKey)).toBe(playerId);
    expect(parseIdentity(worldId, "world").publicKey).toEqual((await worldKey()).publicKey);
    expect(parseIdentity(playerId, "player").publicKey).toEqual((await playerKey()).publicKey);
    expect(decodePublicKey(worldSpki)).toEqual((await worldKey()).publicKey);
  });

  it.each(vectors)("give the bytes and the signature of $name", async ({ signer, value, sha256, signature }) => {
    const key = await (signer === "world" ? worldKey() : playerKey());
    expect(createHash("sha256").update(canonicalBytes(value)).digest("hex")).toBe(sha256);
    expect(await key.sign(value)).toBe(signature);
    expect(await verifySignature(value, signature, key.publicKey)).toBe(true);
    expect(await verifySignature({ ...value, more: 1 }, signature, key.publicKey)).toBe(false);
  });
});
