import { Fields, type JsonObject, MalformedObjectError } from "../world/fields.js";
import { MalformedIdError, parseIdentity } from "../world/identity.js";
import { canVerify, verifySignature, WorldKeyError } from "../world/keys.js";
import { parseManifest, type WorldManifest } from "../world/manifest.js";
import {
  type InstancePolicy,
  parseInstancePolicy,
  parseModule,
  parseProfile,
  type WorldModule,
  type WorldProfile,
} from "../world/modules.js";
import { instancePolicyModule, manifestSchema, profileModule, worldCapabilities } from "../world/names.js";
import { isSameServer } from "../world/server-url.js";
import type { WorldTarget } from "./world-target.js";
import { WorldVerificationError } from "./world-verification-error.js";

/** A world whose signatures were all checked. */
export interface VerifiedWorld {
  /** As the world writes it itself. */
  readonly worldId: string;
  /** URL of its WorldServer, with a slash at its end. */
  readonly server: string;
  /** The 32 bytes of the world's key. */
  readonly publicKey: Uint8Array;
  readonly manifest: WorldManifest;
  /** `undefined` when the world has none. */
  readonly profile: WorldProfile | undefined;
  /** `undefined` when the world has none: nothing is known then. */
  readonly instancePolicy: InstancePolicy | undefined;
  /** All modules of the world by their names. */
  readonly modules: ReadonlyMap<string, WorldModule>;
}

/** What a world is checked against. */
export interface VerifyWorldOptions extends WorldTarget {
  readonly versionId?: string | undefined;
  /** Now, as Unix time in milliseconds. */
  readonly nowMs: number;
}

/** Checks the answer of `resolveWorld`. Throws {@link WorldVerificationError}. */
export async function verifyWorld(payload: JsonObject, options: VerifyWorldOptions): Promise<VerifiedWorld> {
  if (!canVerify()) {
    throw new WorldVerificationError("NO_WEB_CRYPTO", "signatures cannot be checked here: serve the page by https");
  }
  const { server, wanted } = options;
  // The signature is over what was received, not over what we understand of it.
  const { manifest: received, modules: receivedModules, manifestSignature, signature = manifestSignature } = payload;
  const manifest = asMalformed("MALFORMED_MANIFEST", () => parseManifest(received));
  checkManifest(manifest, options);
  const publicKey = publicKeyOf(manifest.worldId);
  if (typeof signature !== "string" || !(await verifySignature(received, signature, publicKey))) {
    throw new WorldVerificationError("MANIFEST_SIGNATURE", "the manifest was not signed by the world");
  }
  await checkDelegation(manifest, received, publicKey, options);
  const modules = await verifyModules(receivedModules, manifest.worldId, publicKey);
  const profile = modules.get(profileModule);
  const policy = modules.get(instancePolicyModule);
  const world: VerifiedWorld = {
    worldId: manifest.worldId,
    server,
    publicKey,
    manifest,
    profile: profile && asMalformed("MALFORMED_MODULE", () => parseProfile(profile)),
    instancePolicy: policy && asMalformed("MALFORMED_MODULE", () => parseInstancePolicy(policy)),
    modules,
  };
  if ("address" in wanted) checkAddress(world, wanted.address);
  return world;
}

/** Throws {@link WorldVerificationError} unless the server of a world may run live sessions of it now. */
export function checkMayHost({ manifest }: VerifiedWorld, nowMs: number): void {
  const { capabilities } = manifest.hostingDelegation.payload;
  if (!capabilities.includes(worldCapabilities.hostLiveSession)) {
    throw new WorldVerificationError("HOSTING_NOT_DELEGATED", "the world does not let this server run live sessions");
  }
  checkExpiry(manifest, nowMs);
}

function checkManifest(manifest: WorldManifest, { wanted, versionId }: VerifyWorldOptions): void {
  if (manifest.schema !== manifestSchema) {
    throw new WorldVerificationError("UNKNOWN_MANIFEST_SCHEMA", `the manifest is not of the schema ${manifestSchema}`);
  }
  if ("worldId" in wanted && manifest.worldId !== wanted.worldId) {
    throw new WorldVerificationError("WORLD_MISMATCH", "the server answered with another world than was asked for");
  }
  if (versionId !== undefined && manifest.versionId !== versionId) {
    throw new WorldVerificationError("VERSION_MISMATCH", "the server answered with another version than was asked for");
  }
}

function publicKeyOf(worldId: string): Uint8Array {
  try {
    return parseIdentity(worldId, "world").publicKey;
  } catch (cause) {
    if (cause instanceof WorldKeyError) throw new WorldVerificationError(cause.code, cause.message, { cause });
    if (!(cause instanceof MalformedIdError)) throw cause;
    throw new WorldVerificationError("MALFORMED_WORLD_ID", cause.message, { cause });
  }
}

async function checkDelegation(
  manifest: WorldManifest,
  received: unknown,
  publicKey: Uint8Array,
  { server, nowMs }: VerifyWorldOptions,
): Promise<void> {
  const { payload, signature } = manifest.hostingDelegation;
  if (payload.worldId !== manifest.worldId) {
    throw new WorldVerificationError("DELEGATION_WORLD_MISMATCH", "the delegation is of another world");
  }
  const signed = new Fields(received, "manifest").object("hostingDelegation").object("payload").all;
  if (!(await verifySignature(signed, signature, publicKey))) {
    throw new WorldVerificationError("DELEGATION_SIGNATURE", "the delegation was not signed by the world");
  }
  if (!isSameServer(payload.server, server)) {
    throw new WorldVerificationError(
      "DELEGATION_SERVER_MISMATCH",
      `the world is delegated to ${JSON.stringify(payload.server.slice(0, 200))}, and ${server} was asked`,
    );
  }
  if (!isSameServer(manifest.endpoint, server)) {
    throw new WorldVerificationError(
      "ENDPOINT_MISMATCH",
      `the world is at ${JSON.stringify(manifest.endpoint.slice(0, 200))}, and ${server} was asked`,
    );
  }
  if (!payload.capabilities.includes(worldCapabilities.resolveManifest)) {
    throw new WorldVerificationError("RESOLVING_NOT_DELEGATED", "the world does not let this server resolve it");
  }
  checkExpiry(manifest, nowMs);
}

function checkExpiry({ hostingDelegation }: WorldManifest, nowMs: number): void {
  const { expiresAt } = hostingDelegation.payload;
  if (expiresAt === undefined || expiresAt >= Math.floor(nowMs / 1_000)) return;
  const when = new Date(expiresAt * 1_000).toISOString();
  throw new WorldVerificationError("DELEGATION_EXPIRED", `the server could host the world until ${when}`);
}

async function verifyModules(
  received: unknown,
  worldId: string,
  publicKey: Uint8Array,
): Promise<ReadonlyMap<string, WorldModule>> {
  const verified = new Map<string, WorldModule>();
  if (received === undefined) return verified;
  const modules = asMalformed("MALFORMED_MODULE", () => new Fields(received, "modules"));
  for (const key of Object.keys(modules.all)) {
    const signed = asMalformed("MALFORMED_MODULE", () => modules.object(key));
    const { payload } = signed.all;
    const module = asMalformed("MALFORMED_MODULE", () => parseModule(payload, key));
    const signature = asMalformed("MALFORMED_MODULE", () => signed.text("signature"));
    if (module.module !== key) {
      throw new WorldVerificationError("MODULE_NAME_MISMATCH", `the module ${JSON.stringify(key)} is another one`);
    }
    if (module.worldId !== worldId) {
      throw new WorldVerificationError(
        "MODULE_WORLD_MISMATCH",
        `the module ${JSON.stringify(key)} is of another world`,
      );
    }
    if (!(await verifySignature(payload, signature, publicKey))) {
      throw new WorldVerificationError(
        "MODULE_SIGNATURE",
        `the module ${JSON.stringify(key)} was not signed by the world`,
      );
    }
    verified.set(key, module);
  }
  return verified;
}

function checkAddress({ profile }: VerifiedWorld, address: string): void {
  if (profile?.addresses?.some((own) => own.toLowerCase() === address) === true) return;
  throw new WorldVerificationError(
    "ADDRESS_MISMATCH",
    `the world does not go by the address ${JSON.stringify(address)}`,
  );
}

/** Runs `read`; what is malformed gets the code of what it is part of. */
export function asMalformed<T>(
  code: "MALFORMED_MANIFEST" | "MALFORMED_MODULE" | "MALFORMED_INSTANCE",
  read: () => T,
): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof MalformedObjectError)) throw cause;
    throw new WorldVerificationError(code, cause.message, { cause });
  }
}
