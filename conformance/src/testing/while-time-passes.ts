import type { VirtualClock } from "@resoio/mock-server";

/**
 * Lets the mod's time pass, in steps of 10 ms, until a call is over: for calls that the mod answers only after a while. How much
 * passes depends on how long the call is on its way.
 */
export async function whileTimePasses<T>(clock: VirtualClock, call: Promise<T>): Promise<T> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  call.then(end, end);
  while (!isOver) await clock.advance(10);
  return await call;
}
