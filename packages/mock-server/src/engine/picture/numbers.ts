import { finite } from "../numbers.js";

/** `value` limited to `low`..`high`; a `value` that is not finite counts as 0 first. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, finite(value)));
}

/** An angle by its sine and cosine. */
export interface Turn {
  readonly sin: number;
  readonly cos: number;
}

/** The angle of so many degrees, a finite number. */
export function turn(degrees: number): Turn {
  const radians = ((degrees % 360) * Math.PI) / 180;
  return { sin: Math.sin(radians), cos: Math.cos(radians) };
}
