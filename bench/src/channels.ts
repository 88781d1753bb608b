// npm run bench:channels -w @resoio/bench                channels between one server and clients in another process
// npm run bench:channels -w @resoio/bench -- latency     only the cases whose names contain "latency"
//
// Beside each figure stands that of viser 0.2.19 on a machine with two cores, as ../shared/spec/messaging-after-viser.md has it.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const only = process.argv[2] ?? "";
const rows: Record<string, { readonly resoio: string; readonly viser: string }> = {};

await measure("latency, default window", "p50 17.8 ms", 1, async ({ server, clients }) => {
  await ask(clients, "expect", 100);
  await ask(server, "ticks", 41, 100);
  return latency(await ask(clients, "figures"));
});
await measure("latency, flush", "p50 0.6 ms", 1, async ({ server, clients }) => {
  // Once to warm up: what is measured is not the compiler.
  for (const [intervalMs, count] of [
    [1, 2_000],
    [11, 300],
  ] as const) {
    await ask(clients, "expect", count);
    await ask(server, "ticks", intervalMs, count, 1);
    await ask(clients, "figures");
  }
  return latency(await ask(clients, "figures"));
});
await measure("burst of 20,000 x 64 B to 1 client", "0.42 s", 1, async ({ server, clients }) => {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    await ask(clients, "expect", 20_000);
    void ask(server, "burst", 20_000);
    times.push((await ask(clients, "figures")).maxMs ?? Number.NaN);
  }
  return `${(Math.min(...times) / 1e3).toFixed(3)} to ${(Math.max(...times) / 1e3).toFixed(3)} s`;
});
await measure("64 clients, 1 kHz x 64 B", "62 k deliveries/s, 0.93 core, p50 9.7 ms, p99 26 ms", 64, async (both) =>
  fanOut(both, 1_000, 0),
);
await measure("64 clients, 500 Hz, flush each", "1 core, p50 5.1 ms, p99 23 ms", 64, async (both) =>
  fanOut(both, 500, 1),
);
await measure("join and replay of 1,000 live", "13 ms", 1, async ({ server, clients }) => {
  await ask(server, "state", 1_000, 1_000);
  return replay(await ask(clients, "replay", 30));
});
await measure("the same after 1,000,000 updates", "126 ms", 1, async ({ server, clients }) => {
  await ask(server, "state", 1_000, 1_000_000);
  return replay(await ask(clients, "replay", 30));
});
await measure("a client that stops reading is given up", "never", 0, async ({ server, clients }) => {
  const flood = ask(server, "flood");
  const { result: sinceMs } = await ask(clients, "stall");
  const { result } = await flood;
  const { atMs, cause } = { atMs: 0, cause: "", ...(result instanceof Object ? result : {}) };
  return `after ${((atMs - Number(sinceMs)) / 1e3).toFixed(1)} s (${cause})`;
});

console.table(rows);
await mkdir(join(import.meta.dirname, "../out"), { recursive: true });
await writeFile(join(import.meta.dirname, "../out/channels.json"), `${JSON.stringify(rows, undefined, 2)}\n`);

interface Both {
  readonly server: ChildProcess;
  readonly clients: ChildProcess;
}

interface Answer {
  readonly result?: unknown;
  readonly cores?: number;
  readonly wallMs?: number;
  readonly received?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly maxMs?: number;
}

async function measure(name: string, viser: string, count: number, work: (both: Both) => Promise<string>) {
  if (!name.includes(only)) return;
  const server = start("channels/serve.ts");
  const { url = "" } = await message(server);
  const clients = start("channels/join.ts", String(url), String(count));
  await message(clients);
  rows[name] = { resoio: await work({ server, clients }), viser };
  for (const child of [clients, server]) {
    child.disconnect();
    await once(child, "exit");
  }
}

async function fanOut({ server, clients }: Both, rateHz: number, flushes: number): Promise<string> {
  const count = 5 * rateHz;
  // Once to warm up.
  for (const part of [0.2, 1]) {
    await ask(clients, "expect", part * count * 64);
    const ticks = ask(server, "ticks", 1_000 / rateHz, part * count, flushes);
    const figures = await ask(clients, "figures");
    const { cores = 0, wallMs = 0 } = await ticks;
    if (part < 1) continue;
    const perSecond = Math.round((64 * count) / wallMs);
    return `${perSecond} k deliveries/s, ${cores.toFixed(2)} core, ${latency(figures)}`;
  }
  return "";
}

function latency({ p50Ms = Number.NaN, p99Ms = Number.NaN }: Answer): string {
  return `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
}

function replay({ result }: Answer): string {
  const { messages, medianMs, firstMs } = {
    messages: 0,
    medianMs: 0,
    firstMs: 0,
    ...(result instanceof Object ? result : {}),
  };
  return `${messages} in ${medianMs.toFixed(1)} ms (longest ${firstMs.toFixed(1)} ms)`;
}

function start(file: string, ...args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

async function ask(child: ChildProcess, name: string, ...args: readonly number[]): Promise<Answer> {
  const answer = message(child);
  child.send({ name, args });
  const { result, ...costs } = await answer;
  return { ...costs, result, ...(result instanceof Object ? result : {}) };
}

async function message(child: ChildProcess): Promise<Answer & { readonly url?: string }> {
  const [received]: unknown[] = await once(child, "message");
  return received instanceof Object ? received : {};
}
