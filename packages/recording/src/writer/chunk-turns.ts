/**
 * Lets the recordings of a program put their chunks together one after the other, in small steps with room for everything else between
 * them. Without it, fifty that were started together would hold everybody up once a second; `bench/src/recording.ts` measures it.
 */
let last: Promise<unknown> = Promise.resolve();

/** Lets others have their turn, when it is time. */
export type Pause = () => Promise<void>;

/** Runs `task` when those before it are done. It waits for nothing but `pause`, and for nobody's sink. */
export function inTurn<T>(task: (pause: Pause) => Promise<T>): Promise<T> {
  const done = last.then(() => {
    beganMs = performance.now();
    return task(pause);
  });
  last = done.catch(() => {});
  return done;
}

/** A tenth of a millisecond of work at a time is not noticed. */
const shortestStepMs = 0.1;

/** Browsers have no such thing, and a timer takes four milliseconds there: they do it in one step. */
const { setImmediate } = globalThis;

let beganMs = 0;
let stepMs = shortestStepMs;

async function pause(): Promise<void> {
  const pausedMs = performance.now();
  if (typeof setImmediate !== "function" || pausedMs - beganMs < stepMs) return;
  await new Promise<void>((resolve) => setImmediate(resolve));
  beganMs = performance.now();
  // As much as the others took, and no more: so what is recorded is stored in time, however busy the program is.
  stepMs = Math.max(shortestStepMs, beganMs - pausedMs);
}
