import { createHash } from "node:crypto";
import { canonicalBytes } from "../../world/canonical-json.js";
import type { WorldManifest } from "../../world/manifest.js";
import type { SignedModule } from "../../world/modules.js";
import { instancePolicyModule, manifestSchema, profileModule } from "../../world/names.js";
import type { WorldIdentity } from "./world-identity.js";

/** A world as it is served at one URL, with its signatures. */
export interface PublishedWorld {
  readonly identity: WorldIdentity;
  /** Lower-cased. */
  readonly addresses: readonly string[];
  readonly manifest: WorldManifest;
  /** The payload of `resolveWorld`. */
  readonly payload: object;
}

/** What the policy module announces. */
export interface AnnouncedPolicy {
  readonly createInstance: boolean;
  readonly defaultCapacity?: number | undefined;
}

/** Signs what `resolveWorld` answers with. `baseUrl` ends with a slash. The same input gives the same bytes. */
export async function publishWorld(
  identity: WorldIdentity,
  baseUrl: string,
  policy: AnnouncedPolicy,
): Promise<PublishedWorld> {
  const { key } = identity;
  const manifest = await createManifest(identity, baseUrl);
  const addresses = addressesOf(identity, baseUrl);
  const modules: Record<string, SignedModule> = {};
  for (const module of [createProfile(identity, addresses), createPolicy(identity, policy)]) {
    modules[module.module] = { payload: module, signature: await key.sign(module) };
  }
  return {
    identity,
    addresses: addresses.map((address) => address.toLowerCase()),
    manifest,
    payload: { manifest, signature: await key.sign(manifest), modules },
  };
}

async function createManifest(identity: WorldIdentity, baseUrl: string): Promise<WorldManifest> {
  const { worldId, key, capabilities, createdAt, expiresAt } = identity;
  const delegation = {
    worldId,
    server: baseUrl,
    capabilities,
    issuedAt: createdAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  const content = {
    worldId,
    schema: manifestSchema,
    endpoint: baseUrl,
    hostingDelegation: { payload: delegation, signature: await key.sign(delegation) },
  };
  // Made of the content, so that the same version is never something else.
  const hash = createHash("sha256").update(canonicalBytes(content)).digest("base64url").slice(0, 22);
  return { ...content, versionId: `v1-${hash}` };
}

function addressesOf({ slug, addresses = [] }: WorldIdentity, baseUrl: string): readonly string[] {
  const { host, pathname } = new URL(baseUrl);
  // An address leads to the root of its host.
  return [...new Set([...addresses, ...(pathname === "/" ? [`${host}/${slug}`] : [])])];
}

function createProfile(identity: WorldIdentity, addresses: readonly string[]) {
  const { worldId, name, description, tags, updatedAt } = identity;
  return {
    module: profileModule,
    worldId,
    name,
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
    ...(addresses.length === 0 ? {} : { addresses }),
    updated_at: updatedAt,
  };
}

function createPolicy({ worldId, updatedAt }: WorldIdentity, { createInstance, defaultCapacity }: AnnouncedPolicy) {
  return {
    module: instancePolicyModule,
    worldId,
    createInstance,
    ...(defaultCapacity === undefined ? {} : { defaultCapacity }),
    signedInstances: true,
    updated_at: updatedAt,
  };
}
