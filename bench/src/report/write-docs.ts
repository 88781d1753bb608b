// npm run bench:docs -w @resoio/bench     puts what `npm run bench` has measured into docs/performance.md, and draws its plot
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatTable } from "./format.ts";
import { type Panel, plot } from "./plot.ts";
import type { Result } from "./result.ts";

const out = join(import.meta.dirname, "../../out");
const docs = join(import.meta.dirname, "../../../docs");

const results = new Map<string, Result>();
for (const file of await readdir(out)) {
  if (!file.endsWith(".json")) continue;
  const result: Result = JSON.parse(await readFile(join(out, file), "utf8"));
  results.set(result.work, result);
}

const page = join(docs, "performance.md");
const text = await readFile(page, "utf8");
await writeFile(
  page,
  // A table stands between two comments, of which the first names its work.
  text.replace(
    /(<!-- bench: (\S+) -->\n)[\s\S]*?(<!-- \/bench -->)/g,
    (whole, start: string, work: string, end: string) => {
      const result = results.get(work);
      return result === undefined ? whole : `${start}\n${formatTable(result)}\n\n${end}`;
    },
  ),
);

const panels = [
  panel("camera-1920x1080", "frames/s", "frames a second"),
  panel("camera-1920x1080", "client CPU, ms", "processor time of the client, ms a frame"),
  panel("pairs", "frames/s", "frames a second"),
  panel("ping64", "pings/s", "pings a second"),
].filter((one) => one !== undefined);
await writeFile(join(docs, "images/performance.svg"), plot(panels));

function panel(work: string, column: string, unit: string): Panel | undefined {
  const result = results.get(work);
  return result === undefined ? undefined : { result, column, unit };
}
