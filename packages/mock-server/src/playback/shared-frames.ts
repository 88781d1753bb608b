import { WaitingLine } from "../engine/waiting-line.js";

/** Options of {@link SharedFrames}. */
export interface SharedFramesOptions {
  /** How many frames wait for somebody. */
  readonly capacity: number;
  /** Which one goes when there are more. */
  readonly whenFull: "drop-oldest" | "drop-newest";
}

/** One source of frames for everybody, as the mod has them: whoever takes a frame has it alone, and those who wait take turns. */
export class SharedFrames<T> {
  readonly #options: SharedFramesOptions;
  readonly #waiting = new WaitingLine<T | undefined>();
  #frames: T[] = [];
  #newest: T | undefined;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: SharedFramesOptions) {
    this.#options = options;
  }

  /** Puts a frame in, for whoever is next. */
  put(frame: T): void {
    const { capacity, whenFull } = this.#options;
    this.#newest = frame;
    if (this.#frames.length < capacity) this.#frames.push(frame);
    else if (whenFull === "drop-oldest") this.#frames = [...this.#frames.slice(1), frame];
    this.#serve();
  }

  /**
   * Takes the oldest frame, or waits for the next one. Resolves to `undefined` when none will come any more. Rejects with the signal's
   * reason when that is aborted, and with what {@link fail} was told.
   */
  async take(signal: AbortSignal): Promise<T | undefined> {
    const turn = this.#waiting.wait(signal);
    this.#serve();
    return await turn;
  }

  /** The newest frame, whether somebody had it already or not. Nobody gets it again. `undefined`: there was none yet. */
  takeNewest(): T | undefined {
    const newest = this.#newest;
    this.#frames = this.#frames.filter((frame) => frame !== newest);
    return newest;
  }

  /** Forgets all frames. Others may come, also after the end. */
  clear(): void {
    this.#frames = [];
    this.#newest = undefined;
    this.#isOver = false;
  }

  /** No frame will come any more, for now. Those that wait can still be taken. */
  end(): void {
    this.#isOver = true;
    this.#serve();
  }

  /** Refuses everybody from now on, for good. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#serve();
  }

  #serve(): void {
    const hasNews = (): boolean => this.#frames.length > 0 || this.#isOver || this.#failure !== undefined;
    while (this.#waiting.length > 0 && hasNews()) this.#waiting.serve(() => this.#next());
  }

  #next(): T | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#frames.shift();
  }
}
