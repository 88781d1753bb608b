// npm run generate               writes everything that is made from the contract
// npm run generate -- --check    fails, with a list, when a committed file is not what would be written
//
// Runs in the root of the repository, or in the folder that follows --root.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { listDifferences, replaceFolder } from "./generated-folder.ts";

const { values } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    root: { type: "string", default: join(import.meta.dirname, "../../..") },
  },
});
const root = resolve(values.root);

/** Folders that hold generated files and nothing else. */
const generatedFolders = ["packages/core/src/gen", "packages/mock-server/src/gen", "docs/reference"];

const fresh = mkdtempSync(join(tmpdir(), "resoio-generate-"));
try {
  const buf = spawnSync("buf", ["generate", "--output", fresh], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (buf.error) throw new Error("buf could not be started; run this through `npm run generate`", { cause: buf.error });
  if (buf.status !== 0) {
    // buf has said why.
    process.exitCode = 1;
  } else if (values.check) {
    const stale = generatedFolders.flatMap((folder) => listDifferences(join(fresh, folder), join(root, folder)));
    for (const path of stale) console.error(`stale: ${path}`);
    if (stale.length > 0) {
      console.error("Generated files do not match the contract. Run `npm run generate` and commit the result.");
      process.exitCode = 1;
    }
  } else {
    for (const folder of generatedFolders) replaceFolder(join(fresh, folder), join(root, folder));
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
