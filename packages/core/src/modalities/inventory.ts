import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { choiceName } from "../choices.js";
import type { Covers } from "../covers.js";
import {
  Inventory,
  type InventoryEntry as WireEntry,
  InventoryEntryKind as WireKind,
  type InventoryMutationResult as WireMutation,
} from "../gen/resonite_io/v1/inventory_pb.js";
import type { Thumbnail } from "./world.js";

const entryKinds = {
  directory: WireKind.DIRECTORY,
  object: WireKind.OBJECT,
  world: WireKind.WORLD,
  link: WireKind.LINK,
  unknown: WireKind.UNKNOWN,
} as const;

/**
 * What an inventory entry is. A `"link"` leads to another place, perhaps in somebody else's inventory: it is listed like a
 * directory, but copied, moved and removed as one entry. `"unknown"` is what the mod, or this client, has no name for.
 */
export type InventoryEntryKind = keyof typeof entryKinds;

/** One entry of an inventory directory. */
export interface InventoryEntry {
  /** Its name in the directory; any script, spaces included. */
  readonly name: string;
  /** The path that was listed, a slash, and the name. A slash at the end of the listed path is therefore doubled. */
  readonly path: string;
  readonly kind: InventoryEntryKind;
  /** May be empty. */
  readonly recordId: string;
  /** Where the content is; for a link its target, `resrec:///<owner>/<path>`. Empty for a directory. */
  readonly assetUri: string;
  readonly isPublic: boolean;
  /** Unix time in nanoseconds (UTC), a multiple of 100; 0 when unknown. */
  readonly lastModifiedUnixNanos: bigint;
}

/** What a directory contains. */
export interface InventoryListing {
  /** As asked for. */
  readonly path: string;
  /** In no particular order. */
  readonly entries: readonly InventoryEntry[];
}

/** What a change of the inventory has made, moved or removed. */
export interface InventoryMutationResult {
  /** As asked for; the destination of a copy or move. */
  readonly path: string;
  /** Id of the new, moved or removed entry. For a directory with content, that of the directory itself. */
  readonly recordId: string;
}

/** What an item became in the world. */
export interface InventorySpawnResult {
  /** As asked for. */
  readonly sourcePath: string;
  /** Id of the new slot: `ID<hex>`. */
  readonly spawnedSlotId: string;
  /** Name of the new slot. */
  readonly spawnedSlotName: string;
}

/** Options of {@link InventoryClient.copy} and {@link InventoryClient.remove}. */
export interface InventoryRecursiveOptions extends CallOptions {
  /** Whether a directory may be taken, with all its content. Without effect on other entries. Default false. */
  readonly recursive?: boolean;
}

/**
 * Lists and changes the signed-in user's cloud inventory, and spawns items from it.
 *
 * Paths are absolute, are sent as given, and begin with `/Inventory`, the root. Doubled and trailing slashes do not matter;
 * `.` and `..` are names like any other, and a backslash separates like a slash. Changes are made in the cloud, where a
 * directory is handled one entry after the other: a failure may leave it half done.
 *
 * Every method fails with `Unavailable` when the mod has no inventory bridge or the cloud cannot be reached, with
 * `FailedPrecondition` while nobody is signed in, and with `InvalidArgument` for a path that is blank or has another root.
 */
export class InventoryClient implements Covers<typeof Inventory> {
  readonly #rpc: Client<typeof Inventory>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Inventory, transport);
  }

  /**
   * Lists a directory, or what a link leads to.
   *
   * Fails with `NotFound` when a part of the path does not exist or the last one is neither directory nor link.
   */
  async list(path: string, options?: CallOptions): Promise<InventoryListing> {
    const response = await this.#rpc.list({ path }, options);
    return { path: response.path, entries: response.entries.map(toEntry) };
  }

  /**
   * Creates one directory. Its parent must exist, but the mod does not check that: without one, the new directory is out of
   * reach.
   *
   * Fails with `AlreadyExists` when the path is taken, and with `InvalidArgument` for the root.
   */
  async makeDir(path: string, options?: CallOptions): Promise<InventoryMutationResult> {
    return toMutation(await this.#rpc.makeDir({ path }, options));
  }

  /**
   * Copies an entry to `destinationPath`, which is the copy's whole path and not a directory to put it into. The mod does
   * not check that path: a taken one leaves two entries of the same name. Links are copied, not followed.
   *
   * Fails with `NotFound` when there is no such source, with `InvalidArgument` when the destination is the root, and with
   * `FailedPrecondition` for a directory without `recursive`, which may still leave an empty directory at the destination.
   */
  async copy(
    sourcePath: string,
    destinationPath: string,
    options: InventoryRecursiveOptions = {},
  ): Promise<InventoryMutationResult> {
    const { recursive = false, ...call } = options;
    return toMutation(await this.#rpc.copy({ sourcePath, destinationPath, recursive }, call));
  }

  /**
   * Moves or renames an entry, a directory always with its content. `destinationPath` is taken as in {@link copy}.
   *
   * Fails with `NotFound` when there is no such source, and with `InvalidArgument` when the destination is the root.
   */
  async move(sourcePath: string, destinationPath: string, options?: CallOptions): Promise<InventoryMutationResult> {
    return toMutation(await this.#rpc.move({ sourcePath, destinationPath }, options));
  }

  /**
   * Deletes an entry, which cannot be undone. Of a link, the target stays.
   *
   * Fails with `NotFound` when there is no such entry, so a second call fails, and with `FailedPrecondition` for a
   * directory, also an empty one, without `recursive`; nothing is deleted then.
   */
  async remove(path: string, options: InventoryRecursiveOptions = {}): Promise<InventoryMutationResult> {
    const { recursive = false, ...call } = options;
    return toMutation(await this.#rpc.remove({ path, recursive }, call));
  }

  /**
   * Loads an item, meant to be an object, into the focused world. Each call spawns another one.
   *
   * Fails with `NotFound` for a path that does not exist and for the root, with `FailedPrecondition` when no world is
   * focused or the world does not allow it, and with `Internal` when the item cannot be loaded.
   */
  async spawn(path: string, options?: CallOptions): Promise<InventorySpawnResult> {
    const { sourcePath, spawnedSlotId, spawnedSlotName } = await this.#rpc.spawn({ path }, options);
    return { sourcePath, spawnedSlotId, spawnedSlotName };
  }

  /**
   * Downloads the preview picture of an entry.
   *
   * Fails with `NotFound` when the entry does not exist, has no picture, or it cannot be downloaded.
   */
  async fetchThumbnail(path: string, options?: CallOptions): Promise<Thumbnail> {
    const { data, contentType } = await this.#rpc.fetchThumbnail({ path }, options);
    return { data, contentType };
  }
}

function toEntry({ $typeName, $unknown, kind, ...entry }: WireEntry): InventoryEntry {
  return { ...entry, kind: choiceName(entryKinds, kind, "unknown") };
}

function toMutation({ path, recordId }: WireMutation): InventoryMutationResult {
  return { path, recordId };
}
