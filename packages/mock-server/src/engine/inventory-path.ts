import { EngineError } from "./engine-error.js";

/** A directory in somebody's inventory, by the names of the records that lead there. */
export interface InventoryDirectory {
  readonly ownerId: string;
  /** From the root on, joined by slashes: `Inventory/Avatars`. */
  readonly path: string;
}

/** The root's name, spelt exactly so. */
export const inventoryRoot = "Inventory";

/** How strictly a path is read. */
export interface PathRules {
  /** Only Spawn and FetchThumbnail do without it. */
  readonly leadingSlash: "required" | "optional";
}

/**
 * Splits a path into the names below the root; none for the root itself. Empty segments are dropped, a backslash separates
 * like a slash, and `.` and `..` are ordinary names.
 *
 * Throws `invalidArgument` for a blank path, another root, or a missing slash at the start where one is required.
 */
export function parseInventoryPath(path: string, { leadingSlash }: PathRules): readonly string[] {
  if (path.trim() === "") throw new EngineError("invalidArgument", "An inventory path is required.");
  if (leadingSlash === "required" && !path.startsWith("/")) {
    throw new EngineError("invalidArgument", `Inventory path '${path}' does not begin with '/'.`);
  }
  const [root, ...names] = path.split(/[/\\]/).filter((segment) => segment !== "");
  if (root !== inventoryRoot) {
    throw new EngineError("invalidArgument", `Inventory path '${path}' does not begin with '/${inventoryRoot}'.`);
  }
  return names;
}

/** Where a link leads. Throws `notFound` for an address that is malformed or not of the form `resrec:///<owner>/Inventory/...`. */
export function parseLinkTarget(uri: string): InventoryDirectory {
  const [, ownerId = "", path = ""] = /^resrec:\/\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments[0] !== inventoryRoot) throw new EngineError("notFound", `The link target '${uri}' is not supported.`);
  try {
    return { ownerId, path: segments.map(decodeURIComponent).join("/") };
  } catch (cause) {
    throw new EngineError("notFound", `The link target '${uri}' is malformed.`, { cause });
  }
}
