/** `value` within `least` and `most`, the latter winning when they cross; NaN counts as `least`. */
export function clamp(value: number, least: number, most: number): number {
  return Math.min(most, value > least ? value : least);
}

/** `value`, or 0 when it is infinite or NaN. */
export function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
