// A process with the clients of a channel. Counts what comes, and how old it is.
import { once } from "node:events";
import { createWebSocketTransport, joinChannel } from "@resoio/web-proxy/client";
import { WebSocket } from "ws";
import { ageMs, benchChannel } from "./schema.ts";

const [url = "", count = "1"] = process.argv.slice(2);
let latenciesMs: number[] = [];
let received = 0;
let expected = Number.POSITIVE_INFINITY;
let reached = Promise.withResolvers<number>();

async function join() {
  const transport = createWebSocketTransport({ url });
  const channel = await joinChannel(transport, benchChannel);
  channel.on("Tick", ({ value }) => {
    latenciesMs.push(ageMs(value));
    if (++received === expected) reached.resolve(performance.now());
  });
  return { transport, channel };
}

const clients = await Promise.all(Array.from({ length: Number(count) }, join));
await Promise.all(clients.map(({ channel }) => channel.ready));
process.send?.({});

const tasks: Record<string, (...args: number[]) => unknown> = {
  /** What follows is counted, until there are `messages`. */
  expect(messages = 0) {
    latenciesMs = [];
    received = 0;
    expected = messages;
    reached = Promise.withResolvers();
  },
  async figures() {
    await reached.promise;
    latenciesMs.sort((a, b) => a - b);
    const at = (part: number) =>
      latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * part))] ?? 0;
    return { received, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  },
  /** How long it takes to join over a new connection until all that is kept has come; the median of `rounds`. */
  async replay(rounds = 0) {
    const times: number[] = [];
    let messages = 0;
    for (let round = 0; round < rounds; round++) {
      const startMs = performance.now();
      const transport = createWebSocketTransport({ url });
      const channel = await joinChannel(transport, benchChannel);
      messages = 0;
      channel.on("State", () => messages++);
      await channel.ready;
      times.push(performance.now() - startMs);
      await transport.close();
    }
    times.sort((a, b) => a - b);
    return { messages, medianMs: times[Math.floor(times.length / 2)], firstMs: times.at(-1) };
  },
  /** Joins with a client that from then on reads nothing. Returns when that was, in milliseconds of Unix time. */
  async stall() {
    const sockets: WebSocket[] = [];
    class Watched extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols);
        sockets.push(this);
      }
    }
    const channel = await joinChannel(createWebSocketTransport({ url, webSocket: Watched }), benchChannel);
    await channel.ready;
    for (const socket of sockets) socket.pause();
    return performance.timeOrigin + performance.now();
  },
};

process.on("message", async ({ name, args }: { readonly name: string; readonly args: number[] }) => {
  process.send?.({ result: await tasks[name]?.(...args) });
});
await once(process, "disconnect");
process.exit();
