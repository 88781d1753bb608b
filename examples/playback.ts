// Records what an agent does and sees, and runs the same agent against the recording, as a CI job would without the game.
//
//   node examples/playback.ts              records the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
//   node examples/playback.ts --out folder keeps run.mcap there instead of in out/; npx resoio-mock --play run.mcap plays it
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Resonite } from "@resoio/core";
import { startMockServer } from "@resoio/mock-server";
import { connect, createUdsTransport, findSocket } from "@resoio/node-uds";
import { createRecordingInterceptor } from "@resoio/recording";
import { recordToFile } from "@resoio/recording/node";

const { values: options } = parseArgs({
  options: { out: { type: "string", default: join(import.meta.dirname, "../out") } },
});

/** The agent, which knows nothing of recordings: it looks where it is, who is there, and at up to 20 pictures. */
async function look(resonite: Resonite) {
  const world = await resonite.world.getCurrent();
  const people = (await resonite.session.listUsers()).map(({ userName }) => userName);
  const times = new Set<bigint>();
  for await (const { unixNanos } of resonite.camera.stream({ mode: "every" })) {
    times.add(unixNanos);
    if (times.size === 20) break;
  }
  return { world: world?.name ?? "none", people: people.join(", "), times };
}

const file = resolve(options.out, "run.mcap");
await mkdir(options.out, { recursive: true });
const recording = recordToFile(file, { metadata: { example: "playback" } });
const interceptors = [createRecordingInterceptor(recording)];
await using recorded = new Resonite(createUdsTransport({ socketPath: findSocket, interceptors }));
const then = await look(recorded);
const { durationMs, byteLength } = await recording.end();
console.log(`recorded      ${(durationMs / 1000).toFixed(1)} s, ${(byteLength / 1e6).toFixed(1)} MB in ${file}`);
console.log(`saw           ${then.world}, with ${then.people}, in ${then.times.size} pictures`);

// Fails whatever the agent asks that it did not ask then, and lets go of it when the recording ends.
await using mod = await startMockServer({ play: { recording: file, otherwise: "fail", atEnd: "close" } });
await using resonite = await connect({ socketPath: mod.socketPath });
const now = await look(resonite);
const same = [...now.times].filter((time) => then.times.has(time));
console.log(`saw again     ${now.world}, with ${now.people}, in ${now.times.size} pictures`);
console.log(`the same      ${same.length} of ${now.times.size} pictures, to the nanosecond`);
if (now.world !== then.world || now.people !== then.people || same.length < now.times.size) process.exitCode = 1;
