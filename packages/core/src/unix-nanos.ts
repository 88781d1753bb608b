/** This machine's clock: Unix time in nanoseconds (UTC), in whole milliseconds and therefore a multiple of 100. */
export function unixNanosNow(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
