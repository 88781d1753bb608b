import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";
import { type InventoryDirectory, inventoryRoot, parseInventoryPath, parseLinkTarget } from "./inventory-path.js";
import {
  type InventoryRecord,
  type InventoryState,
  pathOf,
  recordIdOf,
  recordNamed,
  recordsIn,
  rootOf,
  subtreeOf,
} from "./inventory-records.js";
import { objectOf, placeBefore } from "./spawned-object.js";
import { renderObjectThumbnail, renderThumbnail, type ThumbnailFile } from "./thumbnail.js";
import type { WorldObject } from "./world-state.js";
import type { Worlds } from "./worlds.js";

export { type InventoryState, initialInventory } from "./inventory-records.js";

const strict = { leadingSlash: "required" } as const;
const lax = { leadingSlash: "optional" } as const;

/**
 * The inventory of whoever is signed in. It is in the cloud: a change outlives every connection and shows at once.
 *
 * Every method throws `invalidArgument` for a malformed path, `notReady` while nobody is signed in, and `unavailable` while the
 * cloud cannot be reached.
 */
export class Inventory {
  readonly #context: EngineContext;
  readonly #worlds: Worlds;

  constructor(context: EngineContext, worlds: Worlds) {
    this.#context = context;
    this.#worlds = worlds;
  }

  /** Cuts the cloud off from the inventory, or connects it again. */
  setCloudReachable(reachable: boolean): void {
    if (this.#state.cloudReachable === reachable) return;
    this.#state.cloudReachable = reachable;
    this.#context.changed({ what: "inventoryCloudReachable", reachable });
  }

  /** What lies directly in a directory or behind a link. Throws `notFound`, also for an entry that is neither. */
  list(path: string): readonly InventoryRecord[] {
    const names = parseInventoryPath(path, strict);
    const ownerId = this.#requireUser();
    this.#requireCloud();
    const record = this.#walk(ownerId, names);
    if (record === undefined) return recordsIn(this.#state, rootOf(ownerId));
    if (record.kind !== "directory" && record.kind !== "link") {
      throw new EngineError("notFound", `'${path}' is not a directory.`);
    }
    return recordsIn(this.#state, insideOf(record));
  }

  /**
   * Creates one directory. Throws `invalidArgument` for the root, `alreadyExists` when something has the path, and `notFound`
   * when no directory is there to put it into.
   */
  makeDirectory(path: string): InventoryRecord {
    const ownerId = this.#requireUser();
    const names = parseInventoryPath(path, strict);
    const { directory, name } = placeOf(names, path);
    this.#requireCloud();
    if (recordNamed(this.#state, { ownerId, path: directory }, name) !== undefined) {
      throw new EngineError("alreadyExists", `'${path}' exists already.`);
    }
    const parents = names.slice(0, -1);
    if (parents.length > 0 && this.#at(ownerId, parents)?.kind !== "directory") {
      throw new EngineError("notFound", `There is no directory to create '${path}' in.`);
    }
    const made: InventoryRecord = {
      number: this.#state.nextNumber++,
      ownerId,
      directory,
      name,
      kind: "directory",
      assetUri: "",
      isPublic: false,
      modifiedUnixNanos: this.#context.clock.unixNanos(),
      hasThumbnail: false,
      object: undefined,
    };
    this.#state.records.push(made);
    this.#context.changed({ what: "inventoryMade", path, recordId: recordIdOf(made) });
    return made;
  }

  /**
   * Copies an entry and returns the copy. As in the cloud, nothing looks at what is at the destination already, nor at whether
   * a directory is there to hold it.
   *
   * Throws `notFound`, `invalidArgument` when the destination is the root, and `notReady` for a directory without `recursive`.
   */
  copy(sourcePath: string, destinationPath: string, recursive: boolean): InventoryRecord {
    const { source, destination } = this.#requireBoth(sourcePath, destinationPath);
    requireRecursive(source, sourcePath, recursive);
    const modifiedUnixNanos = this.#context.clock.unixNanos();
    const [top, ...below] = subtreeOf(this.#state, source).map((record) => ({
      ...relocated(record, source, destination),
      number: this.#state.nextNumber++,
      modifiedUnixNanos,
    }));
    if (top === undefined) throw new Error("a subtree has at least its top");
    this.#state.records.push(top, ...below);
    this.#context.changed({ what: "inventoryCopied", path: destinationPath, recordId: recordIdOf(top) });
    return top;
  }

  /** Moves an entry with everything below it; otherwise as {@link copy}. The record ids stay. */
  move(sourcePath: string, destinationPath: string): InventoryRecord {
    const { source, destination } = this.#requireBoth(sourcePath, destinationPath);
    const modifiedUnixNanos = this.#context.clock.unixNanos();
    const subtree = new Set(subtreeOf(this.#state, source));
    this.#state.records = this.#state.records.map((record) =>
      subtree.has(record) ? { ...relocated(record, source, destination), modifiedUnixNanos } : record,
    );
    this.#context.changed({ what: "inventoryMoved", path: destinationPath, recordId: recordIdOf(source) });
    return source;
  }

  /** Deletes an entry with everything below it. Throws `notFound`, and `notReady` for a directory without `recursive`. */
  remove(path: string, recursive: boolean): InventoryRecord {
    const ownerId = this.#requireUser();
    const names = parseInventoryPath(path, strict);
    this.#requireCloud();
    const removed = this.#require(ownerId, names, path);
    requireRecursive(removed, path, recursive);
    const subtree = new Set(subtreeOf(this.#state, removed));
    this.#state.records = this.#state.records.filter((record) => !subtree.has(record));
    this.#context.changed({ what: "inventoryRemoved", path, recordId: recordIdOf(removed) });
    return removed;
  }

  /**
   * Puts another copy of a saved object into the focused world, before the avatar.
   *
   * Throws `notFound`, `notReady` without a focused world or where the user may not spawn, and an unexpected error for what is
   * no object.
   */
  spawn(path: string): WorldObject {
    const names = parseInventoryPath(path, lax);
    const record = this.#requireByWalk(names, path);
    const world = this.#worlds.requireFocused();
    if (!world.permissions.spawn) throw new EngineError("notReady", `World '${world.name}' does not allow spawning.`);
    if (record.kind !== "object") throw new Error(`'${path}' is of the kind ${record.kind} and cannot be loaded.`);
    const object = placeBefore(this.#context.state.avatar, world.room, objectOf(record));
    const spawned = { ...object, slotId: this.#worlds.newSlotId() };
    world.objects.push(spawned);
    this.#context.changed({ what: "inventorySpawned", path, handle: world.handle, slotId: spawned.slotId });
    return spawned;
  }

  /** Downloads the preview image of an entry. Throws `notFound`, also when it has none. */
  fetchThumbnail(path: string): ThumbnailFile {
    const names = parseInventoryPath(path, lax);
    const record = this.#requireByWalk(names, path);
    if (!record.hasThumbnail) throw new EngineError("notFound", `'${path}' has no thumbnail.`);
    if (record.kind === "world") return renderThumbnail(this.#context.scenario, record.name);
    return renderObjectThumbnail(objectOf(record));
  }

  get #state(): InventoryState {
    return this.#context.state.inventory;
  }

  #requireUser(): string {
    const { user } = this.#context.state.auth;
    if (user === undefined) throw new EngineError("notReady", "Nobody is signed in.");
    return user.userId;
  }

  #requireCloud(): void {
    if (!this.#state.cloudReachable) throw new EngineError("unavailable", "The cloud cannot be reached.");
  }

  /** Follows links on the way, but not at the end. Nothing stands for the root. */
  #walk(ownerId: string, names: readonly string[]): InventoryRecord | undefined {
    let record: InventoryRecord | undefined;
    for (const [index, name] of names.entries()) {
      const directory = record === undefined ? rootOf(ownerId) : insideOf(record);
      record = recordNamed(this.#state, directory, name);
      if (record === undefined) {
        const missing = ["", inventoryRoot, ...names.slice(0, index + 1)].join("/");
        throw new EngineError("notFound", `'${missing}' does not exist.`);
      }
    }
    return record;
  }

  #requireByWalk(names: readonly string[], path: string): InventoryRecord {
    const ownerId = this.#requireUser();
    this.#requireCloud();
    const record = this.#walk(ownerId, names);
    if (record === undefined) throw new EngineError("notFound", `'${path}' is the root, not an entry.`);
    return record;
  }

  /** Follows no links. */
  #at(ownerId: string, names: readonly string[]): InventoryRecord | undefined {
    const name = names.at(-1);
    if (name === undefined) return undefined;
    return recordNamed(this.#state, { ownerId, path: [inventoryRoot, ...names.slice(0, -1)].join("/") }, name);
  }

  #require(ownerId: string, names: readonly string[], path: string): InventoryRecord {
    const record = this.#at(ownerId, names);
    if (record === undefined) throw new EngineError("notFound", `'${path}' does not exist.`);
    return record;
  }

  #requireBoth(
    sourcePath: string,
    destinationPath: string,
  ): { readonly source: InventoryRecord; readonly destination: Place } {
    const ownerId = this.#requireUser();
    const sourceNames = parseInventoryPath(sourcePath, strict);
    const destinationNames = parseInventoryPath(destinationPath, strict);
    this.#requireCloud();
    const source = this.#require(ownerId, sourceNames, sourcePath);
    return { source, destination: placeOf(destinationNames, destinationPath) };
  }
}

/** Where an entry lies, or shall lie. */
type Place = Pick<InventoryRecord, "directory" | "name">;

function placeOf(names: readonly string[], path: string): Place {
  const name = names.at(-1);
  if (name === undefined) throw new EngineError("invalidArgument", `'${path}' is the root and cannot be written.`);
  return { directory: [inventoryRoot, ...names.slice(0, -1)].join("/"), name };
}

function insideOf(record: InventoryRecord): InventoryDirectory {
  if (record.kind === "link") return parseLinkTarget(record.assetUri);
  return { ownerId: record.ownerId, path: pathOf(record) };
}

/** The record at its new place when `top`, which it is or lies below, goes to `destination`. */
function relocated(record: InventoryRecord, top: InventoryRecord, destination: Place): InventoryRecord {
  if (record === top) return { ...record, ...destination };
  const directory = `${destination.directory}/${destination.name}${record.directory.slice(pathOf(top).length)}`;
  return { ...record, directory };
}

function requireRecursive(record: InventoryRecord, path: string, recursive: boolean): void {
  if (record.kind !== "directory" || recursive) return;
  throw new EngineError("notReady", `'${path}' is a directory, which needs the recursive flag.`);
}
