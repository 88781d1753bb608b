import { slug } from "../scenarios/parts/common.js";
import type { ScenarioInventoryNode } from "../scenarios/parts/inventory.js";
import type { Scenario } from "../scenarios/scenario.js";
import { type InventoryDirectory, inventoryRoot } from "./inventory-path.js";

/**
 * A record of the cloud's inventory. As in the cloud, records are a flat list and each says in which directory it lies: that
 * directory need not exist, and two records may have one name.
 */
export interface InventoryRecord {
  /** Counts all records that were ever made. */
  readonly number: number;
  readonly ownerId: string;
  /** Where it lies, from the root on, joined by slashes: `Inventory/Avatars`. */
  readonly directory: string;
  readonly name: string;
  readonly kind: ScenarioInventoryNode["kind"];
  /** Empty for directories; for a link, where it leads. */
  readonly assetUri: string;
  readonly isPublic: boolean;
  /** Unix time in nanoseconds (UTC). */
  readonly modifiedUnixNanos: bigint;
  readonly hasThumbnail: boolean;
  /** How it looks when it is spawned. */
  readonly object: ScenarioInventoryNode["object"];
}

/** What the cloud has of all inventories. */
export interface InventoryState {
  /** In the order in which they were made. */
  records: InventoryRecord[];
  nextNumber: number;
  /** Whether requests reach the cloud. */
  cloudReachable: boolean;
}

/** Makes the state at the start. The scenario's own inventory belongs to whoever is signed in, or else to the local user. */
export function initialInventory(scenario: Scenario): InventoryState {
  const state: InventoryState = { records: [], nextNumber: 1, cloudReachable: true };
  addNodes(state, rootOf(scenario.signedInAs || scenario.localUser.userId), scenario.inventory);
  for (const [ownerId, nodes] of Object.entries(scenario.foreignInventories)) addNodes(state, rootOf(ownerId), nodes);
  return state;
}

/** The top directory of somebody's inventory. */
export function rootOf(ownerId: string): InventoryDirectory {
  return { ownerId, path: inventoryRoot };
}

/** The cloud's id of a record. */
export function recordIdOf({ number }: InventoryRecord): string {
  return `R-inventory-${number}`;
}

/** The path of a record in its owner's inventory, from the root on. */
export function pathOf({ directory, name }: InventoryRecord): string {
  return `${directory}/${name}`;
}

/** The records that lie directly in a directory. None, too, for a directory that does not exist. */
export function recordsIn(state: InventoryState, { ownerId, path }: InventoryDirectory): readonly InventoryRecord[] {
  return state.records.filter((record) => record.ownerId === ownerId && record.directory === path);
}

/** The record with exactly this name; the oldest one when there are several. */
export function recordNamed(
  state: InventoryState,
  directory: InventoryDirectory,
  name: string,
): InventoryRecord | undefined {
  return recordsIn(state, directory).find((record) => record.name === name);
}

/** A record, followed by everything below it when it is a directory. */
export function subtreeOf(state: InventoryState, top: InventoryRecord): readonly InventoryRecord[] {
  if (top.kind !== "directory") return [top];
  const prefix = `${pathOf(top)}/`;
  const below = state.records.filter(
    ({ ownerId, directory }) => ownerId === top.ownerId && `${directory}/`.startsWith(prefix),
  );
  return [top, ...below];
}

function addNodes(
  state: InventoryState,
  { ownerId, path }: InventoryDirectory,
  nodes: readonly ScenarioInventoryNode[],
): void {
  for (const { children, ...node } of nodes) {
    state.records.push({
      number: state.nextNumber++,
      ownerId,
      directory: path,
      name: node.name,
      kind: node.kind,
      assetUri: node.assetUri === "" ? assetUriOf(node) : node.assetUri,
      isPublic: node.isPublic,
      modifiedUnixNanos: node.modifiedUnixNanos,
      // The cloud keeps preview images of what can be looked at.
      hasThumbnail: node.hasThumbnail && (node.kind === "object" || node.kind === "world"),
      object: node.object,
    });
    addNodes(state, { ownerId, path: `${path}/${node.name}` }, children);
  }
}

function assetUriOf({ name, kind }: Pick<ScenarioInventoryNode, "name" | "kind">): string {
  return kind === "object" || kind === "world" ? `resdb:///${slug(name)}.brson` : "";
}
