import { Fields } from "./fields.js";

/** What a world lets a server do, signed with the world's key. Unknown fields are kept. */
export interface HostingDelegation {
  readonly payload: HostingDelegationPayload;
  /** Over the canonical JSON of {@link payload}. */
  readonly signature: string;
  readonly [field: string]: unknown;
}

/** The signed part of a {@link HostingDelegation}. */
export interface HostingDelegationPayload {
  readonly worldId: string;
  /** URL of the WorldServer. */
  readonly server: string;
  /** `resolveManifest`, `hostLiveSession`, and what later versions know. */
  readonly capabilities: readonly string[];
  /** Epoch seconds. */
  readonly issuedAt: number;
  /** Epoch seconds; equal to now is still valid. `undefined`: until it is taken back. */
  readonly expiresAt?: number | undefined;
  readonly [field: string]: unknown;
}

/** What a world is, and which server hosts it. Unknown fields are kept: they are signed too. */
export interface WorldManifest {
  readonly worldId: string;
  /** `obj+me.virmesh.world.manifest`. */
  readonly schema: string;
  /** Names exactly this manifest. */
  readonly versionId: string;
  /** URL of the WorldServer that resolves it. */
  readonly endpoint: string;
  readonly hostingDelegation: HostingDelegation;
  readonly [field: string]: unknown;
}

/** Reads a manifest; says nothing about its signatures. Throws `MalformedObjectError`. */
export function parseManifest(value: unknown): WorldManifest {
  const fields = new Fields(value, "manifest");
  return {
    ...fields.all,
    worldId: fields.text("worldId"),
    schema: fields.text("schema"),
    versionId: fields.text("versionId"),
    endpoint: fields.text("endpoint"),
    hostingDelegation: parseDelegation(fields.object("hostingDelegation")),
  };
}

function parseDelegation(fields: Fields): HostingDelegation {
  const payload = fields.object("payload");
  const expiresAt = payload.optionalWholeNumber("expiresAt");
  return {
    ...fields.all,
    payload: {
      ...payload.all,
      worldId: payload.text("worldId"),
      server: payload.text("server"),
      capabilities: payload.texts("capabilities"),
      issuedAt: payload.wholeNumber("issuedAt"),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
    signature: fields.text("signature"),
  };
}
