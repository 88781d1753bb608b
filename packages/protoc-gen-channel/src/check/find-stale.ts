import { join } from "node:path";
import { CheckError } from "./check-error.js";
import { describeDrift } from "./describe-drift.js";
import type { FreshFiles } from "./generate-with-buf.js";
import { isGeneratedBy, readFilesBelow } from "./generated-files.js";
import { missingImports } from "./missing-imports.js";

/** A generated file that is not what would be generated now. */
export interface StaleFile {
  /** Relative to the root. */
  readonly path: string;
  readonly kind: "stale" | "missing" | "left over" | "broken";
  /** A line per difference. */
  readonly differences: readonly string[];
}

/**
 * Compares what is generated now with what lies in the folders below `root`. In the order of the paths.
 *
 * Throws {@link CheckError} when no channel was generated: there would be nothing to check.
 */
export function findStale(root: string, { files, folders, generators }: FreshFiles): readonly StaleFile[] {
  if (![...files.keys()].some((path) => /_channel\.[jt]s$/.test(path))) {
    throw new CheckError(
      "no channel was generated: run protoc-gen-resoio-channel, on files of which one has `option (resoio.channel.v1.channel)`",
    );
  }
  const committed = new Map(folders.flatMap((folder) => [...readFilesBelow(join(root, folder), folder)]));
  const stale = [...files].flatMap(([path, fresh]): readonly StaleFile[] => {
    const text = committed.get(path);
    if (text === undefined) return [{ path, kind: "missing", differences: [] }];
    return text === fresh ? [] : [{ path, kind: "stale", differences: describeDrift(text, fresh) }];
  });
  const leftOver = [...committed].filter(([path, text]) => !files.has(path) && isGeneratedBy(generators, text));
  const broken = [...files].flatMap(([path, text]): readonly StaleFile[] => {
    const missing = missingImports(root, path, text, files);
    return missing.length === 0
      ? []
      : [{ path, kind: "broken", differences: missing.map((one) => `imports ${one}, which is not there`) }];
  });
  const found = [
    ...stale,
    ...leftOver.map(([path]): StaleFile => ({ path, kind: "left over", differences: [] })),
    ...broken,
  ];
  // Folders are read in no particular order.
  return found.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}
