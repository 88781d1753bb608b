import { randomBytes } from "node:crypto";
import { link, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidOptionsError } from "@resoio/core";
import { z } from "zod";
import { createSigningKey } from "../../world/keys.js";
import { createWorldIdentity, isSlug, type WorldDescription, type WorldIdentity } from "./world-identity.js";
import { readPrivateKey, writePrivateKey } from "./world-key-file.js";
import { WorldStoreError } from "./world-store-error.js";

/** Options of {@link WorldStore}. */
export interface WorldStoreOptions {
  /** The folder. Default {@link defaultWorldDirectory}. */
  readonly directory?: string | undefined;
}

/** What a new world is made of. */
export interface NewWorld extends Omit<WorldDescription, "createdAt" | "updatedAt" | "capabilities"> {
  /** A private key of one's own: PEM, or 32 bytes in hex, base64 or base64url. Default: a new one. */
  readonly privateKey?: string | undefined;
}

/** The folder of worlds where none is named: `resoio/worlds` in `XDG_CONFIG_HOME`, or else in `~/.config`. */
export function defaultWorldDirectory(
  environment: { readonly XDG_CONFIG_HOME?: string | undefined } = process.env,
): string {
  const { XDG_CONFIG_HOME: config = "" } = environment;
  return join(config === "" ? join(homedir(), ".config") : config, "resoio", "worlds");
}

const worldFile = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  addresses: z.array(z.string()).optional(),
  createdAt: z.int().min(0),
  updatedAt: z.int().min(0),
  expiresAt: z.int().min(0).optional(),
  privateKey: z.string(),
});

const suffix = ".world.json";

/**
 * Keeps worlds with their private keys: one file for each, which only its owner can read, in a folder that only its owner can enter.
 * Keys leave it through {@link exportPrivateKey} only.
 */
export class WorldStore {
  readonly directory: string;

  constructor({ directory = defaultWorldDirectory() }: WorldStoreOptions = {}) {
    this.directory = resolve(directory);
  }

  /**
   * Reads all worlds, sorted by slug. A folder that does not exist holds none.
   *
   * Throws {@link WorldStoreError} when others can read the keys, and for a file that is none of ours.
   */
  async list(): Promise<readonly WorldIdentity[]> {
    const slugs = await this.#slugs();
    return await Promise.all(slugs.map(async (slug) => (await this.#read(slug)).identity));
  }

  /** Reads one world. Throws {@link WorldStoreError} as {@link list} does, and when there is none with this slug. */
  async get(slug: string): Promise<WorldIdentity> {
    return (await this.#read(slug)).identity;
  }

  /**
   * Makes a world and keeps it.
   *
   * Throws {@link InvalidOptionsError} for a name or slug that cannot be, `WorldKeyError` for a key that cannot be read, and
   * {@link WorldStoreError} when there is a world with this slug, key or address already.
   */
  async create(world: NewWorld): Promise<WorldIdentity> {
    const { slug, privateKey, ...description } = world;
    checkDescription(world);
    const secret = privateKey === undefined ? randomBytes(32) : readPrivateKey(privateKey);
    const identity = createWorldIdentity(await createSigningKey(secret), { ...description, slug });
    for (const other of await this.list()) checkDistinct(identity, other);
    const { createdAt, updatedAt } = identity;
    const file = { version: 1, ...description, createdAt, updatedAt, privateKey: writePrivateKey(secret) };
    await this.#write(slug, `${JSON.stringify(file, undefined, 2)}\n`);
    return identity;
  }

  /** All worlds, and when there is none a new one called `world`. Two programs may ask at the same time. */
  async listOrCreate(name: string): Promise<readonly WorldIdentity[]> {
    const known = await this.list();
    if (known.length > 0) return known;
    try {
      return [await this.create({ slug: "world", name })];
    } catch (error) {
      if (!(error instanceof WorldStoreError) || error.code !== "WORLD_EXISTS") throw error;
      return await this.list();
    }
  }

  /** The private key of a world, as PEM. Whoever has it is the world. */
  async exportPrivateKey(slug: string): Promise<string> {
    return (await this.#read(slug)).privateKey;
  }

  async #slugs(): Promise<readonly string[]> {
    let names: readonly string[];
    try {
      names = await readdir(this.directory);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return [];
      throw error;
    }
    return names
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length))
      .filter(isSlug)
      .sort();
  }

  async #read(slug: string): Promise<{ readonly identity: WorldIdentity; readonly privateKey: string }> {
    const path = this.#pathOf(slug);
    let text: string;
    try {
      await checkIsPrivate(this.directory, "chmod 700");
      await checkIsPrivate(path, "chmod 600");
      text = await readFile(path, "utf8");
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      throw new WorldStoreError("NO_SUCH_WORLD", `there is no world ${JSON.stringify(slug)} in ${this.directory}`);
    }
    const { privateKey, version, ...description } = parseWorldFile(text, path);
    const key = await createSigningKey(readPrivateKey(privateKey));
    return { identity: createWorldIdentity(key, { ...description, slug }), privateKey };
  }

  /** A reader sees the whole file or none, and of two writers one fails. */
  async #write(slug: string, text: string): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await checkIsPrivate(this.directory, "chmod 700");
    const temporary = join(this.directory, `.${slug}.${randomBytes(8).toString("hex")}`);
    try {
      await writeFile(temporary, text, { mode: 0o600, flag: "wx" });
      await link(temporary, this.#pathOf(slug));
    } catch (cause) {
      if (!hasCode(cause, "EEXIST")) throw cause;
      throw new WorldStoreError("WORLD_EXISTS", `there is a world ${JSON.stringify(slug)} already`, { cause });
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #pathOf(slug: string): string {
    if (!isSlug(slug))
      throw new InvalidOptionsError(`${JSON.stringify(slug)} cannot be the name of a world in its address`);
    return join(this.directory, `${slug}${suffix}`);
  }
}

function checkDescription({ slug, name, expiresAt }: NewWorld): void {
  if (!isSlug(slug)) {
    throw new InvalidOptionsError(
      `${JSON.stringify(slug)} cannot be the name of a world in its address: it takes 1 to 64 small letters, digits, dots, ` +
        "dashes and underscores, the first a letter or a digit",
    );
  }
  if (name.trim() === "" || [...name].length > 100 || !name.isWellFormed()) {
    throw new InvalidOptionsError("the name of a world takes 1 to 100 characters");
  }
  if (expiresAt !== undefined && (!Number.isSafeInteger(expiresAt) || expiresAt < 0)) {
    throw new InvalidOptionsError(`expiresAt must be whole epoch seconds, not ${expiresAt}`);
  }
}

function checkDistinct(one: WorldIdentity, other: WorldIdentity): void {
  const addresses = new Set(other.addresses?.map((address) => address.toLowerCase()));
  const common = one.addresses?.find((address) => addresses.has(address.toLowerCase()));
  const what = one.worldId === other.worldId ? "key" : common === undefined ? undefined : `address ${common}`;
  if (what === undefined) return;
  throw new WorldStoreError("WORLD_EXISTS", `the world ${JSON.stringify(other.slug)} has the same ${what}`);
}

function parseWorldFile(text: string, path: string): z.output<typeof worldFile> {
  // Neither cause is kept: it may quote the key.
  const malformed = new WorldStoreError("MALFORMED_WORLD_FILE", `${path} is not a file that "world create" wrote`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed;
  }
  const { success, data } = worldFile.safeParse(value);
  if (!success) throw malformed;
  return data;
}

async function checkIsPrivate(path: string, remedy: string): Promise<void> {
  const { mode } = await stat(path);
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  throw new WorldStoreError(
    "KEYS_EXPOSED",
    `${path} can be used by others on this machine, and with it the keys of worlds: ${remedy} ${path}`,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
