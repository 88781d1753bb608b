import { type JsonObject, MalformedObjectError } from "../../world/fields.js";
import { MalformedIdError, parseIdentity } from "../../world/identity.js";
import { verifySignature, WorldKeyError } from "../../world/keys.js";
import {
  type CreateInstancePayload,
  parseCreateInstance,
  parsePrivateRequest,
  signedPartOf,
} from "../../world/private-request.js";
import type { Creator } from "./instance-creator.js";
import type { NonceMemory } from "./nonce-memory.js";
import { WorldRefusal } from "./world-refusal.js";

/** How old a private request may be, in seconds. */
export const maxRequestAgeSeconds = 300;
/** How far the clock of a player may be ahead of ours, in seconds. */
const maxAheadSeconds = 30;

/** A request for an instance whose form and signature are right. */
export interface CheckedRequest {
  readonly creator: Creator;
  readonly wanted: CreateInstancePayload;
}

const envelopeFields: ReadonlySet<string> = new Set(["from", "payload", "signature"]);
const payloadFields: ReadonlySet<string> = new Set(["worldId", "name", "capacity", "joinPolicy", "createdAt", "nonce"]);

/** Checks form, key and signature. Throws {@link WorldRefusal}. */
export async function checkPrivateRequest(body: unknown): Promise<CheckedRequest> {
  const { from, payload, signature } = refuseMalformed(() => parsePrivateRequest(body));
  const wanted = refuseMalformed(() => parseCreateInstance(payload));
  checkKnown(body, envelopeFields, "");
  checkKnown(payload, payloadFields, "payload.");
  const checked = checkWish(wanted);
  const { publicKey } = playerOf(from);
  if (!(await verifySignature(signedPartOf({ payload }), signature, publicKey))) {
    throw new WorldRefusal("key.invalid_signature", "the payload was not signed by the player in from");
  }
  return { creator: { playerId: from, publicKey }, wanted: checked };
}

/** Checks that a request is of now and comes for the first time. Throws {@link WorldRefusal}. */
export function checkFreshness(
  { creator, wanted }: CheckedRequest,
  {
    nowSeconds,
    notBefore,
    nonces,
  }: { readonly nowSeconds: number; readonly notBefore: number; readonly nonces: NonceMemory },
): void {
  const { createdAt, nonce } = wanted;
  const untilSeconds = createdAt + maxRequestAgeSeconds;
  // What was sent to the server before it was started again would pass as new, as nonces are not kept.
  if (untilSeconds < nowSeconds || createdAt < notBefore) {
    throw new WorldRefusal("worldInstance.timestamp_out_of_range", `createdAt is too old; now it is ${nowSeconds}`);
  }
  if (createdAt > nowSeconds + maxAheadSeconds) {
    throw new WorldRefusal("worldInstance.timestamp_in_future", `createdAt is in the future; now it is ${nowSeconds}`);
  }
  const verdict = nonces.use(creator.publicKey, nonce, untilSeconds, nowSeconds);
  if (verdict === "used") {
    throw new WorldRefusal("worldInstance.nonce_conflict", "this nonce was used before: every request takes a new one");
  }
  if (verdict === "memory-full") {
    throw new WorldRefusal(
      "worldInstance.create_not_allowed",
      "too many requests came lately: try again in some minutes",
    );
  }
}

/** Runs `read`; what is malformed is refused. */
export function refuseMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof MalformedObjectError)) throw cause;
    throw new WorldRefusal("json.invalid_payload", cause.message, { cause });
  }
}

/** The status for an id that is none. */
export function refuseIdentity(cause: unknown): WorldRefusal {
  if (cause instanceof WorldKeyError) {
    const status = cause.code === "INVALID_KEY" ? "key.invalid_key" : "key.unsupported_keytype";
    return new WorldRefusal(status, cause.message, { cause });
  }
  if (!(cause instanceof MalformedIdError)) throw cause;
  return new WorldRefusal("json.invalid_payload", cause.message, { cause });
}

function playerOf(from: string) {
  try {
    return parseIdentity(from, "player");
  } catch (cause) {
    throw refuseIdentity(cause);
  }
}

function checkKnown(value: unknown, known: ReadonlySet<string>, path: string): void {
  const object: JsonObject = Object(value);
  const unknown = Object.keys(object).find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new WorldRefusal("json.unexpected_fields", `there is no field ${path}${JSON.stringify(unknown.slice(0, 100))}`);
}

function checkWish(wanted: CreateInstancePayload): CreateInstancePayload {
  const { name, capacity, joinPolicy, nonce } = wanted;
  const trimmed = name?.trim();
  if (trimmed !== undefined && (trimmed === "" || [...trimmed].length > 64)) {
    throw new WorldRefusal("json.invalid_payload", "payload.name must have 1 to 64 characters");
  }
  if (capacity === 0) throw new WorldRefusal("json.invalid_payload", "payload.capacity must be 1 or more");
  if (joinPolicy !== undefined && joinPolicy !== "public" && joinPolicy !== "private") {
    throw new WorldRefusal("json.invalid_payload", 'payload.joinPolicy must be "public" or "private"');
  }
  if (nonce === "" || nonce.length > 128) {
    throw new WorldRefusal("json.invalid_payload", "payload.nonce must have 1 to 128 characters");
  }
  return { ...wanted, name: trimmed };
}
