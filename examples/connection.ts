// Measures how long a call takes, and how far the mod's clock is from ours.
//
//   node examples/connection.ts   uses the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
import { connect } from "@resoio/node-uds";

const pings = 20;

await using resonite = await connect();

const roundTrips: { readonly tookMs: number; readonly offsetMs: number }[] = [];
for (let ping = 1; ping <= pings; ping++) {
  const sentMs = performance.now();
  const { serverUnixNanos } = await resonite.connection.ping(`ping ${ping}`);
  const tookMs = performance.now() - sentMs;
  // Taken to be answered half-way, as every clock comparison over a wire has to.
  const halfwayUnixMs = performance.timeOrigin + sentMs + tookMs / 2;
  roundTrips.push({ tookMs, offsetMs: Number(serverUnixNanos / 1000n) / 1000 - halfwayUnixMs });
}

// The first one is the slowest: both ends still warm up. The fastest tells the offset most exactly.
const sorted = roundTrips.toSorted((a, b) => a.tookMs - b.tookMs);
const [fastest, median, slowest] = [sorted[0], sorted[pings / 2], sorted[pings - 1]];
console.log(`${pings} pings      all came back`);
console.log(`fastest       ${fastest?.tookMs.toFixed(2)} ms`);
console.log(`median        ${median?.tookMs.toFixed(2)} ms`);
console.log(`slowest       ${slowest?.tookMs.toFixed(2)} ms`);
console.log(`clocks        the mod's minus ours is ${fastest?.offsetMs.toFixed(1)} ms`);
