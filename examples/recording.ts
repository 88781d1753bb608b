// Records an ordinary program: what it asks, a round that a player repeats, and how much later it is said to have ended. Then looks at the
// file.
//
//   node examples/recording.ts              records the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
//   node examples/recording.ts --out folder keeps recording.mcap there instead of in out/; Foxglove opens it, too
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";
import { createRecordingInterceptor, inspectRecording } from "@resoio/recording";
import { openRecordingFile, recordToFile } from "@resoio/recording/node";

const { values: options } = parseArgs({
  options: { out: { type: "string", default: join(import.meta.dirname, "../out") } },
});

const file = resolve(options.out, "recording.mcap");
await mkdir(options.out, { recursive: true });
await using recording = recordToFile(file, {
  metadata: { example: "recording" },
  // Asked once for each call. Passwords are never recorded, whatever it says.
  filter: (candidate) => candidate.kind !== "call" || !candidate.rpc.startsWith("info."),
});
{
  // The one line that a program needs more than without a recording.
  await using resonite = await connect({ interceptors: [createRecordingInterceptor(recording)] });
  const world = await resonite.world.getCurrent();
  console.log(`looks at      ${world?.name ?? "no world"}`);
  recording.markLoopStart();
  for (let round = 1; round <= 3; round++) {
    await resonite.connection.ping(`round ${round}`);
    const { width, height } = await resonite.camera.shot();
    console.log(`round ${round}       a picture of ${width} x ${height}`);
  }
}
// The last picture stays for two seconds before a player begins again. Nobody has to wait for them here.
recording.insertSleep(2_000);
const { messages, durationMs, loopStartMs = 0 } = await recording.end();
console.log(`recorded      ${messages} messages in ${file}`);
console.log(`repeats       ${((durationMs - loopStartMs) / 1000).toFixed(1)} s of ${(durationMs / 1000).toFixed(1)} s`);

await using reader = await openRecordingFile(file);
const { rpcs, gaps } = await inspectRecording(reader);
console.log(`holds         ${rpcs.map(({ rpc, calls }) => `${calls} ${rpc}`).join(", ")}`);
console.log(`missing       ${gaps.reduce((sum, gap) => sum + gap.messages, 0)} messages`);
