import { worldIdOf } from "../../world/identity.js";
import type { SigningKey } from "../../world/keys.js";
import { worldCapabilities } from "../../world/names.js";

/** A world that a server hosts: its key, and what is told about it. */
export interface WorldIdentity {
  readonly worldId: string;
  readonly key: SigningKey;
  /** What is behind the host in its address: `example.com/<slug>`. */
  readonly slug: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Further addresses, like `example.com/world`. The first of them becomes the primary one. */
  readonly addresses?: readonly string[] | undefined;
  /** What the world lets the server do. */
  readonly capabilities: readonly string[];
  /** When the world was made, in epoch seconds. */
  readonly createdAt: number;
  /** When its profile last changed, in epoch seconds. */
  readonly updatedAt: number;
  /** Until when the server may host it, in epoch seconds. `undefined`: for ever. */
  readonly expiresAt?: number | undefined;
}

/** What {@link createWorldIdentity} needs beside the key. */
export interface WorldDescription {
  readonly slug: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly addresses?: readonly string[] | undefined;
  /** Epoch seconds. Default now. */
  readonly createdAt?: number | undefined;
  /** Epoch seconds. Default: `createdAt`. */
  readonly updatedAt?: number | undefined;
  readonly expiresAt?: number | undefined;
  /** Default: both that version 1 knows. */
  readonly capabilities?: readonly string[] | undefined;
}

/** Makes a world of a key. */
export function createWorldIdentity(key: SigningKey, description: WorldDescription): WorldIdentity {
  const { createdAt = Math.floor(Date.now() / 1_000), updatedAt = createdAt, ...rest } = description;
  const capabilities = rest.capabilities ?? Object.values(worldCapabilities);
  return { ...rest, worldId: worldIdOf(key.publicKey), key, createdAt, updatedAt, capabilities };
}

/** Whether a text can be the slug of a world: lower case, as addresses are compared without regard to case. */
export function isSlug(text: string): boolean {
  return /^[a-z\d][a-z\d._-]{0,63}$/.test(text);
}
