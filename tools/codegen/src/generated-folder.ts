import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Puts `fresh` in the place of `committed`, so that files which are no longer generated disappear. */
export function replaceFolder(fresh: string, committed: string): void {
  rmSync(committed, { recursive: true, force: true });
  cpSync(fresh, committed, { recursive: true });
}

/** The files, by their path in `committed`, that differ between the two folders or are in only one of them. */
export function listDifferences(fresh: string, committed: string): readonly string[] {
  const names = new Set([...listFiles(fresh), ...listFiles(committed)]);
  return [...names]
    .filter((name) => readOrNothing(join(fresh, name)) !== readOrNothing(join(committed, name)))
    .sort()
    .map((name) => join(committed, name));
}

function listFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function readOrNothing(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
