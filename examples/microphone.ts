// Plays a soft tone of 440 Hz into the world for one second. Whoever is near hears it as your voice.
//
//   node examples/microphone.ts   uses the mod that is running, or the one at RESONITE_IO_SOCKET
import { microphoneSampleRateHz, paced } from "@resoio/core";
import { connect } from "@resoio/node-uds";

const frequencyHz = 440;
const seconds = 1;
/** 1 would be as loud as a voice can be. */
const loudness = 0.1;
/** 20 ms, so that hardly anything is left in the mod's buffer when this is stopped. */
const chunkSamples = microphoneSampleRateHz / 50;

await using resonite = await connect();

console.log(`playing       ${frequencyHz} Hz for ${seconds} s`);
// The mod plays in real time and throws away what comes more than 2 seconds too early, hence `paced`.
const { receivedFrames, receivedSamples } = await resonite.microphone.stream(paced(tone()));
console.log(`played        ${receivedSamples} samples in ${receivedFrames} chunks`);

async function* tone(): AsyncGenerator<Float32Array> {
  const totalSamples = seconds * microphoneSampleRateHz;
  for (let start = 0; start < totalSamples; start += chunkSamples) {
    yield Float32Array.from({ length: chunkSamples }, (_, index) => {
      const sample = start + index;
      // Swells and fades over a twentieth of the tone: one that begins at once clicks.
      const fade = Math.min(1, (20 * sample) / totalSamples, (20 * (totalSamples - sample)) / totalSamples);
      return loudness * fade * Math.sin((2 * Math.PI * frequencyHz * sample) / microphoneSampleRateHz);
    });
  }
}
