// Listens for two seconds and draws how loud it is, on the left and on the right.
//
//   node examples/speaker.ts   uses the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
import { deinterleave, speakerSampleRateHz } from "@resoio/core";
import { connect } from "@resoio/node-uds";

const seconds = 2;
const linesPerSecond = 5;
/** The quietest that is drawn, in decibels below full loudness. */
const floorDb = -60;
const barWidth = 30;

await using resonite = await connect();

console.log(`${"left".padEnd(barWidth)}  right`);
let sums = { left: 0, right: 0, samples: 0 };
let lines = 0;
// Without a sound output the game gives no sound, not even silence, and this would wait for ever.
for await (const { samples, sampleCount } of resonite.speaker.stream({ timeoutMs: 30_000 })) {
  const { left, right } = deinterleave(samples);
  sums.left += energy(left);
  sums.right += energy(right);
  sums.samples += sampleCount;
  if (sums.samples < speakerSampleRateHz / linesPerSecond) continue;

  console.log(`${bar(sums.left / sums.samples).padEnd(barWidth)}  ${bar(sums.right / sums.samples)}`);
  sums = { left: 0, right: 0, samples: 0 };
  if (++lines === seconds * linesPerSecond) break;
}

function energy(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0);
}

function bar(meanEnergy: number): string {
  const db = Math.max(floorDb, 10 * Math.log10(meanEnergy));
  return "#".repeat(Math.min(barWidth, Math.round((1 - db / floorDb) * barWidth)));
}
