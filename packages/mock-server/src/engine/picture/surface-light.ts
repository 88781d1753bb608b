/** Direction to the light, of unit length: from high up in the south-east. */
export const TO_LIGHT = { x: 0.36, y: 0.8, z: -0.48 } as const;

/** Brightness of a surface whose normal has the cosine `towards` (-1 to 1) with the direction to the light. */
export function brightness(towards: number): number {
  // Half-Lambert: also what faces away from the light keeps some shape.
  return 0.45 + 0.6 * (0.5 + 0.5 * towards);
}
