import { sampleRateHz, samplesPerStep } from "./audio-format.js";
import type { Avatar } from "./avatar.js";
import { earGains } from "./ear-gains.js";
import type { EngineContext } from "./engine-context.js";
import type { Microphone } from "./microphone.js";
import { WaitingLine } from "./waiting-line.js";
import type { Worlds } from "./worlds.js";

/** A piece of the final mix, as the engine handed it over. */
export interface SpeakerFrame {
  /** Number of the frame since the start, from 0; those that were dropped are counted too. */
  readonly frameId: bigint;
  /** When it was handed over: Unix time in nanoseconds (UTC). */
  readonly unixNanos: bigint;
  /** Samples per channel. */
  readonly sampleCount: number;
  /** 32-bit little-endian floats, left and right interleaved. */
  readonly samples: Uint8Array;
}

/** The final mix. */
export interface SpeakerState {
  nextFrameId: bigint;
  /** What nobody has taken yet, oldest first; at most 32. */
  queue: SpeakerFrame[];
  /** How many samples of the frame that is being filled have passed. */
  filledSamples: number;
  /** The user's voice in that frame. */
  voice: Float32Array;
}

const frameSamples = 1024;
const queueCapacity = 32;
const channels = 2;

/** Makes the state at the start. */
export function initialSpeaker(): SpeakerState {
  return { nextFrameId: 0n, queue: [], filledSamples: 0, voice: new Float32Array(frameSamples) };
}

/**
 * The final mix of the focused world's sound and the user's voice, in one queue for everybody. It fills whether somebody
 * listens or not, and what does not fit is dropped. Whoever takes a frame has it alone.
 *
 * The world's sound is made when a frame is complete and has a place in the queue: what nobody hears costs nothing.
 */
export class Speaker {
  readonly #context: EngineContext;
  readonly #worlds: Worlds;
  readonly #avatar: Avatar;
  readonly #microphone: Microphone;
  readonly #waiting = new WaitingLine<SpeakerFrame | undefined>();
  #isComplete = false;

  constructor(context: EngineContext, worlds: Worlds, avatar: Avatar, microphone: Microphone) {
    this.#context = context;
    this.#worlds = worlds;
    this.#avatar = avatar;
    this.#microphone = microphone;
  }

  /**
   * Takes the oldest frame, or waits for the next one. Those who wait are served one frame each, in turn. Resolves to
   * `undefined` when no frame will come any more; rejects with the signal's reason when that is aborted.
   */
  async take(signal: AbortSignal): Promise<SpeakerFrame | undefined> {
    const turn = this.#waiting.wait(signal);
    this.#serve();
    return await turn;
  }

  /** Lets 10 ms of sound pass. */
  step(): void {
    if (this.#isComplete) return;
    const state = this.#state;
    const voice = this.#microphone.drain();
    for (let passed = 0; passed < samplesPerStep; ) {
      const count = Math.min(samplesPerStep - passed, frameSamples - state.filledSamples);
      state.voice.set(voice.subarray(passed, passed + count), state.filledSamples);
      state.filledSamples += count;
      passed += count;
      if (state.filledSamples === frameSamples) this.#handOver();
    }
  }

  /** Ends the sound for good: what is queued can still be taken. May be called again. */
  complete(): void {
    this.#isComplete = true;
    this.#serve();
  }

  get #state(): SpeakerState {
    return this.#context.state.speaker;
  }

  #handOver(): void {
    const state = this.#state;
    const frameId = state.nextFrameId++;
    if (state.queue.length < queueCapacity) {
      const unixNanos = this.#context.clock.unixNanos();
      state.queue.push({ frameId, unixNanos, sampleCount: frameSamples, samples: this.#mix(frameId) });
    }
    state.filledSamples = 0;
    state.voice.fill(0);
    this.#serve();
  }

  #serve(): void {
    const { queue } = this.#state;
    while (this.#waiting.length > 0 && (queue.length > 0 || this.#isComplete)) {
      this.#waiting.serve(() => queue.shift());
    }
  }

  #mix(frameId: bigint): Uint8Array {
    const { voice } = this.#state;
    const samples = new DataView(new ArrayBuffer(frameSamples * channels * 4));
    const sound = this.#worlds.focused?.sound;
    const gains = sound === undefined ? silence : earGains(sound.position, sound.volume, this.#avatar.viewpoint);
    const cyclesPerSample = (sound?.frequencyHz ?? 0) / sampleRateHz;
    // Counted from the start of the engine, so that the wave goes on smoothly from frame to frame.
    const firstSample = Number(frameId) * frameSamples;
    for (let index = 0; index < frameSamples; index++) {
      const wave = Math.sin(2 * Math.PI * (((firstSample + index) * cyclesPerSample) % 1));
      const spoken = voice[index] ?? 0;
      samples.setFloat32(index * 8, clip(wave * gains.left + spoken), true);
      samples.setFloat32(index * 8 + 4, clip(wave * gains.right + spoken), true);
    }
    return new Uint8Array(samples.buffer);
  }
}

const silence = { left: 0, right: 0 } as const;

/** Callers may speak anything into the microphone, even what is no number; that is silence. */
function clip(sample: number): number {
  return Number.isNaN(sample) ? 0 : Math.min(1, Math.max(-1, sample));
}
