import { quiet } from "./quiet.js";

/** Whether a promise stays open while nothing new happens. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isPending = true;
  const settle = (): void => {
    isPending = false;
  };
  promise.then(settle, settle);
  await quiet();
  return isPending;
}
