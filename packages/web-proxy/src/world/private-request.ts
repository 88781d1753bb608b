import { Fields, type JsonObject } from "./fields.js";
import { playerIdOf } from "./identity.js";
import type { SigningKey } from "./keys.js";

/** What asks for an action that changes something. */
export interface PrivateRequest {
  /** Id of the player who asks, which holds the key of the {@link signature}. */
  readonly from: string;
  readonly payload: JsonObject;
  readonly signature: string;
}

/** What `createInstance` asks for. */
export interface CreateInstancePayload {
  readonly worldId: string;
  /** 1 to 64 characters. */
  readonly name?: string | undefined;
  readonly capacity?: number | undefined;
  readonly joinPolicy?: string | undefined;
  /** When it was signed, in epoch seconds. */
  readonly createdAt: number;
  /** Never used before by the same player. */
  readonly nonce: string;
}

/** What of a private request is signed. The specification does not tell for certain: this is the one place to change. */
export function signedPartOf({ payload }: Pick<PrivateRequest, "payload">): unknown {
  return payload;
}

/** Makes the request of the player with this key. */
export async function createPrivateRequest(key: SigningKey, payload: JsonObject): Promise<PrivateRequest> {
  return { from: playerIdOf(key.publicKey), payload, signature: await key.sign(signedPartOf({ payload })) };
}

/** Reads a private request; says nothing about its signature. Throws `MalformedObjectError`. */
export function parsePrivateRequest(value: unknown): PrivateRequest {
  const fields = new Fields(value, "body");
  return { from: fields.text("from"), payload: fields.object("payload").all, signature: fields.text("signature") };
}

/** Reads the payload of `createInstance`. Throws `MalformedObjectError`. */
export function parseCreateInstance(value: unknown): CreateInstancePayload {
  const fields = new Fields(value, "payload");
  return {
    worldId: fields.text("worldId"),
    name: fields.optionalText("name"),
    capacity: fields.optionalWholeNumber("capacity"),
    joinPolicy: fields.optionalText("joinPolicy"),
    createdAt: fields.wholeNumber("createdAt"),
    nonce: fields.text("nonce"),
  };
}
