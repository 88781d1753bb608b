import { samplesPerStep } from "./audio-format.js";
import type { EngineContext } from "./engine-context.js";
import type { Worlds } from "./worlds.js";

/** The virtual microphone: a ring of samples. */
export interface MicrophoneState {
  /** The ring itself. */
  readonly samples: Float32Array;
  /** Where in the ring the oldest sample is. */
  start: number;
  /** How many samples are in the ring. */
  length: number;
  /** How many samples were lost to an overflow since the start. Callers are not told. */
  droppedSamples: number;
}

/** How a call that speaks into the microphone ended. */
export type MicrophoneEnd = "graceful" | "cancelled" | "errored";

const capacity = 96_000;

/** Makes the state at the start. */
export function initialMicrophone(): MicrophoneState {
  return { samples: new Float32Array(capacity), start: 0, length: 0, droppedSamples: 0 };
}

/** The virtual microphone. All calls speak into the same ring, and the engine plays from it. */
export class Microphone {
  readonly #context: EngineContext;
  readonly #worlds: Worlds;
  #isDisposed = false;

  constructor(context: EngineContext, worlds: Worlds) {
    this.#context = context;
    this.#worlds = worlds;
  }

  /** Adds samples behind those that are there. What is too much, beyond two seconds, is lost, the oldest first. */
  append(samples: Float32Array): void {
    if (this.#isDisposed) return;
    const state = this.#state;
    const kept = samples.subarray(Math.max(0, samples.length - capacity));
    const overflow = Math.max(0, state.length + kept.length - capacity);
    state.droppedSamples += overflow + samples.length - kept.length;
    state.start = (state.start + overflow) % capacity;
    state.length -= overflow;
    const end = (state.start + state.length) % capacity;
    const untilWrap = capacity - end;
    state.samples.set(kept.subarray(0, untilWrap), end);
    state.samples.set(kept.subarray(untilWrap), 0);
    state.length += kept.length;
  }

  /** Takes the samples of one audio step, at most 480. There are none while no world is focused. */
  drain(): Float32Array {
    const state = this.#state;
    const count = this.#worlds.focused === undefined ? 0 : Math.min(samplesPerStep, state.length);
    const drained = new Float32Array(count);
    const beforeWrap = state.samples.subarray(state.start, state.start + count);
    drained.set(beforeWrap);
    drained.set(state.samples.subarray(0, count - beforeWrap.length), beforeWrap.length);
    state.start = (state.start + count) % capacity;
    state.length -= count;
    return drained;
  }

  /**
   * To be called once at the end of every call. What was spoken is played out after a call that its caller closed, and thrown
   * away at once after any other, together with what other calls spoke.
   */
  streamEnded(reason: MicrophoneEnd): void {
    if (reason !== "graceful") this.#state.length = 0;
    this.#context.changed({ what: "microphoneEnded", reason });
  }

  /** Unplugs it for good: whatever is spoken from now on is not heard. May be called again. */
  dispose(): void {
    this.#isDisposed = true;
    this.#state.length = 0;
  }

  get #state(): MicrophoneState {
    return this.#context.state.microphone;
  }
}
