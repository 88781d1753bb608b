// npm test: from a fresh clone to tested. Installs, builds, runs the tests of every package, and ends with the line
// "N passed, N failed".
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { install, root, runTarget } from "./prepare.mjs";

install();
const code = runTarget("test");

let passed = 0;
let failed = 0;
for (const folder of packageFolders()) {
  const report = join(folder, ".test-report.json");
  if (!existsSync(report)) {
    // A package that has tests but left no report could not run them, which counts as one failure.
    console.error(`no test report in ${folder}`);
    failed++;
    continue;
  }
  const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(report, "utf8"));
  passed += numPassedTests;
  failed += numFailedTests;
  // A file that does not even load has no failed test of its own.
  if (!success && numFailedTests === 0) failed++;
}
if (code !== 0 && failed === 0) failed++;

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function packageFolders() {
  const parents = ["packages", "tools"].map((name) => join(root, name));
  const nested = parents.flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)));
  return [...nested, join(root, "conformance"), join(root, "examples")].filter((folder) => {
    const manifest = join(folder, "package.json");
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).scripts?.test !== undefined;
  });
}
