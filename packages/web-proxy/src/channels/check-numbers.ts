import { InvalidOptionsError } from "@resoio/core";
import { maxTimerMs } from "@resoio/core/internal";

/** Throws {@link InvalidOptionsError} for a number of the options `group` that is below `least`, or that no timer can wait for. */
export function checkNumbers(group: string, values: object, least: number): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "number") continue;
    const isTime = /ms$/i.test(name);
    // A window of no time is sent when the running code is through.
    const [min, max] = [group === "window" && isTime ? 0 : least, isTime ? maxTimerMs : Number.MAX_SAFE_INTEGER];
    if (value >= min && value <= max) continue;
    throw new InvalidOptionsError(`${group}.${name} must be from ${min} to ${max}, not ${value}`);
  }
}
