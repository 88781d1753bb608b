import type { Vector3, Viewpoint } from "./picture/scene.js";

/** Height of the eyes above the feet, in metres. */
export const eyeHeight = 1.6;

/** Where the user's avatar stands and looks. */
export class Avatar {
  /** The feet, in metres. */
  position: Vector3 = { x: 0, y: 0, z: 0 };
  /** Positive turns right; 0 looks along +Z. */
  yawDegrees = 0;
  /** Positive looks up, from -89 to 89. */
  pitchDegrees = 0;

  /** The avatar's eyes. */
  get viewpoint(): Viewpoint {
    const { x, y, z } = this.position;
    return { position: { x, y: y + eyeHeight, z }, yawDegrees: this.yawDegrees, pitchDegrees: this.pitchDegrees };
  }

  /** Puts the avatar at the entrance of a room, looking inwards. */
  enter(room: { readonly depth: number }): void {
    this.position = { x: 0, y: 0, z: 0.8 - room.depth / 2 };
    this.yawDegrees = 0;
    this.pitchDegrees = 0;
  }
}
