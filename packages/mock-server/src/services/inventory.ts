import type { MessageInitShape } from "@bufbuild/protobuf";
import { InventoryEntryKind, type InventoryEntrySchema } from "@resoio/core/gen/resonite_io/v1/inventory_pb";
import type { Engine } from "../engine/engine.js";
import { type InventoryRecord, recordIdOf } from "../engine/inventory-records.js";
import type { InventoryHandlers } from "../gen/handlers.js";

const kinds = {
  directory: InventoryEntryKind.DIRECTORY,
  object: InventoryEntryKind.OBJECT,
  world: InventoryEntryKind.WORLD,
  link: InventoryEntryKind.LINK,
  unknown: InventoryEntryKind.UNKNOWN,
} as const;

/** Lists and changes the inventory. Answers repeat each path as the request wrote it. */
export const inventoryService = (engine: Engine): InventoryHandlers => ({
  list({ path }) {
    return { path, entries: engine.inventory.list(path).map((record) => toWireEntry(path, record)) };
  },

  makeDir({ path }) {
    return { path, recordId: recordIdOf(engine.inventory.makeDirectory(path)) };
  },

  copy({ sourcePath, destinationPath, recursive }) {
    const copy = engine.inventory.copy(sourcePath, destinationPath, recursive);
    return { path: destinationPath, recordId: recordIdOf(copy) };
  },

  move({ sourcePath, destinationPath }) {
    const moved = engine.inventory.move(sourcePath, destinationPath);
    return { path: destinationPath, recordId: recordIdOf(moved) };
  },

  remove({ path, recursive }) {
    return { path, recordId: recordIdOf(engine.inventory.remove(path, recursive)) };
  },

  spawn({ path }) {
    const { slotId, name } = engine.inventory.spawn(path);
    return { sourcePath: path, spawnedSlotId: slotId, spawnedSlotName: name };
  },

  fetchThumbnail({ path }) {
    return engine.inventory.fetchThumbnail(path);
  },
});

function toWireEntry(path: string, record: InventoryRecord): MessageInitShape<typeof InventoryEntrySchema> {
  const { name, kind, assetUri, isPublic, modifiedUnixNanos } = record;
  return {
    name,
    path: `${path}/${name}`,
    kind: kinds[kind],
    recordId: recordIdOf(record),
    assetUri,
    isPublic,
    lastModifiedUnixNanos: modifiedUnixNanos,
  };
}
