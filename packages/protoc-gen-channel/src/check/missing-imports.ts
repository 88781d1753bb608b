import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import type { GeneratedFiles } from "./generated-files.js";

/** What a module may be in its source, when an import calls it `.js`. */
const sourceExtensions = [".ts", ".tsx", ".mts", ".cts", ".d.ts", ".js", ".mjs", ".cjs", ".jsx"];

/** The relative imports of a generated file that lead nowhere: the path of a `ts_type` is wrong, or a file was not generated. */
export function missingImports(root: string, path: string, text: string, fresh: GeneratedFiles): readonly string[] {
  return [...text.matchAll(/ from "(\.[^"]+)"/g)]
    .map(([, specifier]) => specifier ?? "")
    .filter((specifier) => {
      const target = posix.join(posix.dirname(path), specifier);
      const stem = target.replace(/\.[cm]?[jt]sx?$/, "");
      return !sourceExtensions.some(
        (extension) => fresh.has(stem + extension) || existsSync(join(root, stem + extension)),
      );
    });
}
