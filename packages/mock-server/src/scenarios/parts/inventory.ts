import { z } from "zod";
import { newYearNanos, unixNanos } from "./common.js";
import { placeObject } from "./place.js";

/** Something in an inventory. */
export interface ScenarioInventoryNode {
  readonly name: string;
  readonly kind: "directory" | "object" | "world" | "link" | "unknown";
  readonly isPublic: boolean;
  readonly modifiedUnixNanos: bigint;
  /** For a link, where it leads: `resrec:///<owner>/Inventory/<path>`. */
  readonly assetUri: string;
  readonly hasThumbnail: boolean;
  /** What appears in the room when it is spawned. Default: a box with the item's name. */
  readonly object?: z.output<typeof spawnedObject> | undefined;
  readonly children: readonly ScenarioInventoryNode[];
}

/** The same as it may be written down. */
export interface ScenarioInventoryNodeInput {
  readonly name: string;
  readonly kind?: ScenarioInventoryNode["kind"] | undefined;
  readonly isPublic?: boolean | undefined;
  readonly modifiedUnixNanos?: bigint | number | string | undefined;
  readonly assetUri?: string | undefined;
  readonly hasThumbnail?: boolean | undefined;
  readonly object?: z.input<typeof spawnedObject> | undefined;
  readonly children?: readonly ScenarioInventoryNodeInput[] | undefined;
}

const spawnedObject = placeObject.omit({ name: true, position: true }).partial();

/** Something in an inventory; a node with children is a directory. */
export const inventoryNode: z.ZodType<ScenarioInventoryNode, ScenarioInventoryNodeInput> = z.lazy(() =>
  z
    .strictObject({
      name: z.string().min(1),
      kind: z.enum(["directory", "object", "world", "link", "unknown"]).optional(),
      isPublic: z.boolean().default(false),
      modifiedUnixNanos: unixNanos.prefault(newYearNanos),
      assetUri: z.string().default(""),
      hasThumbnail: z.boolean().default(true),
      object: spawnedObject.optional(),
      children: z.array(inventoryNode).optional(),
    })
    .transform(({ children, kind, ...node }) => ({
      ...node,
      kind: kind ?? (children === undefined ? "object" : "directory"),
      children: children ?? [],
    })),
);
