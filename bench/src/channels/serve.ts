// A process with a proxy and a channel. Does what it is told, and tells what it cost.
import { createChannel, createProxy } from "@resoio/web-proxy";
import { benchChannel, stamped } from "./schema.ts";

const channel = createChannel(benchChannel, {
  store: { maxMessages: 10_000 },
  outbox: { maxMessages: 1_000_000, maxBytes: 512 * 2 ** 20 },
});
let gone = { atMs: 0, cause: "" };
channel.onDisconnect((_, { cause }) => {
  gone = { atMs: performance.timeOrigin + performance.now(), cause };
});
const proxy = await createProxy({ channels: [channel], port: 0 });
process.send?.({ url: proxy.url });
process.once("disconnect", () => void proxy.stop({ drainMs: 0 }).then(() => process.exit()));

const tasks: Record<string, (...args: number[]) => unknown> = {
  /** A message every `intervalMs`, `count` times; with a flush behind each if `flushes`. */
  async ticks(intervalMs = 0, count = 0, flushes = 0) {
    const start = performance.now();
    for (let index = 0; index < count; index++) {
      const waitMs = start + index * intervalMs - performance.now();
      // A timer waits for a millisecond at least; what is late is sent at once.
      if (waitMs > 0.5) await new Promise((resolve) => setTimeout(resolve, waitMs));
      channel.broadcast("Tick", { value: stamped() });
      if (flushes === 1) void channel.flush();
    }
  },
  burst(count = 0) {
    for (let index = 0; index < count; index++) channel.broadcast("Tick", { value: stamped() });
  },
  /** `updates` of `live` names. */
  state(live = 0, updates = 0) {
    for (let index = 0; index < updates; index++) channel.broadcast("State", { value: `name ${index % live}` });
  },
  /** Messages of 200 kB, 50 each second, until somebody is gone. */
  async flood() {
    const payload = new Uint8Array(200_000);
    for (gone.atMs = 0; gone.atMs === 0; await new Promise((resolve) => setTimeout(resolve, 20))) {
      channel.broadcast("Tick", { value: payload });
    }
    return gone;
  },
};

let before = process.cpuUsage();
process.on("message", async ({ name, args }: { readonly name: string; readonly args: number[] }) => {
  before = process.cpuUsage();
  const startMs = performance.now();
  const result = await tasks[name]?.(...args);
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before);
  process.send?.({ result, wallMs, cores: (user + system) / 1e3 / wallMs });
});
