// npm run bench                 1080p camera frames and pings, three rounds
// npm run bench -- --quick      one short round
//
// Every client gets the same bytes from the same server, each in a process of its own, in turn, round by round. Compare the
// figures of one run with each other, not with those of another machine. Prints a table and writes bench/out/figures.json.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Figures, median } from "./figures.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } }, strict: false });
const rounds = values.quick === true ? 1 : 3;
const frames = values.quick === true ? 30 : 120;
const pings = values.quick === true ? 300 : 2000;
const clients = ["resoio", "grpc-js", "connect-node"];
const size = { width: 1920, height: 1080 };

const folder = await mkdtemp(join(tmpdir(), "resoio-bench-"));
const figures = new Map<string, Figures[]>(clients.map((client) => [client, []]));
try {
  for (let round = 0; round < rounds; round++) {
    for (const client of clients)
      figures.get(client)?.push(await measure(client, join(folder, `${client}-${round}.sock`)));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const table = clients.map((client) => ({ client, ...medians(figures.get(client) ?? []) }));
console.table(
  Object.fromEntries(
    table.map(({ client, ...row }) => [
      client,
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value.toFixed(1))])),
    ]),
  ),
);
const out = join(import.meta.dirname, "../out");
await mkdir(out, { recursive: true });
await writeFile(
  join(out, "figures.json"),
  `${JSON.stringify({ size, frames, pings, rounds: Object.fromEntries(figures) }, undefined, 2)}\n`,
);

async function measure(client: string, socketPath: string): Promise<Figures> {
  const server = fork(join(import.meta.dirname, "neutral-server.ts"), [socketPath, `${size.width}`, `${size.height}`]);
  await once(server, "message");
  const measuring = fork(join(import.meta.dirname, "measure-client.ts"), [client, socketPath, `${frames}`, `${pings}`]);
  const ended = once(measuring, "exit");
  const [result] = await Promise.race([once(measuring, "message"), ended.then(() => [undefined])]);
  await ended;
  server.disconnect();
  await once(server, "exit");
  if (result === undefined) throw new Error(`measuring ${client} failed`);
  return result;
}

function medians(rows: readonly Figures[]): Figures {
  return {
    framesPerSecond: median(rows.map((row) => row.framesPerSecond)),
    cpuMsPerFrame: median(rows.map((row) => row.cpuMsPerFrame)),
    pingsPerSecond: median(rows.map((row) => row.pingsPerSecond)),
    pings64PerSecond: median(rows.map((row) => row.pings64PerSecond)),
    peakMemoryMiB: median(rows.map((row) => row.peakMemoryMiB)),
  };
}
