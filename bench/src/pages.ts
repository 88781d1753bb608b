// npm run bench:pages -w @resoio/bench     what one page, and many pages, on one 720p camera as JPEG at 15 frames a second cost
//
// Mod, proxy and pages are processes of their own. Prints a table and writes bench/out/pages.json.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const seconds = 5;
const rows: Record<string, unknown>[] = [];
for (const { pages, stopped } of [
  { pages: 1, stopped: "nothing" },
  { pages: 10, stopped: "nothing" },
  { pages: 100, stopped: "nothing" },
  // In turn, so that what else the machine does meets them all.
  ...Array.from({ length: 3 }, () =>
    ["nothing", "pictures", "raw frames"].map((stopped) => ({ pages: 200, stopped })),
  ).flat(),
]) {
  const mod = start("proxy/serve.ts", "mod");
  const socketPath = String(await answer(mod));
  const proxy = start("proxy/serve.ts", "proxy", socketPath);
  const url = String(await answer(proxy));
  const watchers = start("proxy/watch.ts", url, String(pages), String(seconds), stopped);
  await answer(watchers);
  await costs(proxy);
  await costs(mod);
  const figures = await answer(watchers);
  const cost = await costs(proxy);
  rows.push({
    pages,
    // What one more page asks for and does not read.
    notRead: stopped,
    ...figures,
    proxyCores: cost.cpuSeconds / seconds,
    proxyMiB: cost.rssMiB,
    modCores: (await costs(mod)).cpuSeconds / seconds,
  });
  for (const child of [watchers, proxy, mod]) {
    child.disconnect();
    await once(child, "exit");
  }
}
console.table(
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === "number" ? Math.round(value * 100) / 100 : value,
      ]),
    ),
  ),
);
await mkdir(join(import.meta.dirname, "../out"), { recursive: true });
await writeFile(join(import.meta.dirname, "../out/pages.json"), `${JSON.stringify(rows, undefined, 2)}\n`);

function start(file: string, ...args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

async function answer(child: ChildProcess): Promise<object> {
  const [message]: unknown[] = await once(child, "message");
  return message instanceof Object || typeof message === "string" ? Object(message) : {};
}

async function costs(child: ChildProcess): Promise<{ cpuSeconds: number; rssMiB: number }> {
  const message = answer(child);
  child.send("costs");
  const { cpuSeconds, rssMiB } = { cpuSeconds: 0, rssMiB: 0, ...(await message) };
  return { cpuSeconds, rssMiB };
}
