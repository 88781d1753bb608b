// npm run bench                          everything, several rounds: about ten minutes
// npm run bench -- ping camera-1920x1080   some of it
// npm run bench -- --quick               one short round, under a minute: shows that everything still runs
//
// All who are compared get the same bytes from the same server, each in a process of its own, by turns, round by round. Compare the
// figures of one run with each other, not with those of another machine. Prints tables, and writes bench/out/<work>.json; after
// that `npm run bench:docs` puts them into docs/performance.md, with its plot.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "./report/format.ts";
import { works } from "./works/index.ts";
import type { Effort } from "./works/work.ts";

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false }, rounds: { type: "string" } },
  allowPositionals: true,
});
const effort: Effort = values.quick
  ? { rounds: 1, durationMs: 200, isQuick: true }
  : { rounds: Number(values.rounds ?? 3), durationMs: 1_500, isQuick: false };

const wanted = positionals.length === 0 ? works : works.filter(({ name }) => positionals.includes(name));
const unknown = positionals.filter((name) => !works.some((work) => work.name === name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}. There are: ${works.map(({ name }) => name).join(", ")}.`);
  process.exit(1);
}

const out = join(import.meta.dirname, "../out");
await mkdir(out, { recursive: true });
const folder = await mkdtemp(join(tmpdir(), "resoio-bench-"));
try {
  for (const work of wanted) {
    const result = await work.run(effort, folder);
    if (result === undefined) continue;
    console.log(`\n## ${result.title}\n\n${formatTable(result)}`);
    if (result.note !== undefined) console.log(`\n${result.note}`);
    if (!effort.isQuick) {
      await writeFile(join(out, `${work.name}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
