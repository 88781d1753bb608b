import { Buffer } from "node:buffer";
import { createSigningKey, type SigningKey } from "../world/keys.js";

/** The keys, documents and signatures that docs/world-instances.md lists, for checking another implementation against ours. */
export const worldId = "medi:world:ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w";
export const worldSpki = "MCowBQYDK2VwAyEAiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=";
export const playerId = "medi:player:ed25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=";

/** The key of the world: its 32 secret bytes are 1. */
export async function worldKey(): Promise<SigningKey> {
  return await createSigningKey(new Uint8Array(32).fill(1));
}

/** The key of the player: its 32 secret bytes are 2. */
export async function playerKey(): Promise<SigningKey> {
  return await createSigningKey(new Uint8Array(32).fill(2));
}

const delegationPayload = {
  worldId,
  server: "https://worlds.example.com/",
  capabilities: ["resolveManifest", "hostLiveSession"],
  issuedAt: 1770000000,
};
const delegationSignature = "Frc1l3kwTZEddtPJvqi+dgi/w29KEg/pkR89O8zVJrEQdEJqHZh1mV85BJqYLwoy+VbCFKPLJLOU36Cm+HzcDw==";

/** What is signed, by whom, its SHA-256, and the signature. */
export const vectors = [
  {
    name: "delegation",
    signer: "world",
    value: delegationPayload,
    sha256: "f7a82262847235590d9ea107d6309c98effe9f64a9a9f3880883f6c610972169",
    signature: delegationSignature,
  },
  {
    name: "manifest",
    signer: "world",
    value: {
      worldId,
      schema: "obj+me.virmesh.world.manifest",
      versionId: "v1",
      endpoint: "https://worlds.example.com/",
      hostingDelegation: { payload: delegationPayload, signature: delegationSignature },
    },
    sha256: "435e8e2271e66f74da5b9a3ab326c7f3ebce00d7891a3eb5d05e102043a875d2",
    signature: "y03OHPIdA/7Dhn4JWvbbJO9dkBKMVD2SOEQef+ALle3cHFTUTUtEFl6EC3i0io+aqy8y96+Zaej3MXJoSRraDg==",
  },
  {
    name: "profile",
    signer: "world",
    value: { module: "world+me.virmesh.world.profile", worldId, name: "例の世界", updated_at: 1770000200 },
    sha256: "5a62337368e24834812314f4da2b4ae7f091598408f996676d5f1d136bfe54b7",
    signature: "hdZD2GPdQ/NYm6n7YgLZHA54d6LU+MtaSp0wI7xS47r1DmHZRpGyHJ23GQkVWjfRqcntMqn6xjIsu0FjDrIyCQ==",
  },
  {
    name: "createInstance",
    signer: "player",
    value: {
      worldId,
      name: "Main",
      capacity: 32,
      joinPolicy: "public",
      createdAt: 1770000000,
      nonce: "n-0001",
    },
    sha256: "b851bdff9e409a4b9fe25f88a1b4f2f6b92f65c86efcc54974a97674519ee55e",
    signature: "RxrcTO3/l2M6y7GFCSo9ETqF5C+PGrtJTKo8y2YbbpfTpVb3yOhbTiYaUjEO1Ra0nitwEPHiOuxV0g1NmzGABA==",
  },
] as const;

/** The same bytes as base64 or base64url in hex. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
