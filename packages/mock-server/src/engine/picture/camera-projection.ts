import { cleanViewpoint } from "./clean-scene.js";
import { turn } from "./numbers.js";
import type { Vector3, Viewpoint } from "./scene.js";

/** Vertical field of view in degrees. The horizontal one follows from the shape of the picture; pixels are square. */
export const VERTICAL_FIELD_OF_VIEW_DEGREES = 60;

/** Nothing nearer to the eye than this, in metres along the line of sight, is drawn. */
export const NEAR_METRES = 0.05;

/** Size of a picture in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * A viewpoint ready for use with a picture of a certain size.
 *
 * Camera space has its origin in the eye, x to the right of the picture, y to its top and z along the line of sight.
 */
export interface Camera {
  /** Position of the eye, in metres. */
  readonly eye: Vector3;
  /** Unit vector to the right of the picture; always level. */
  readonly right: Vector3;
  /** Unit vector to the top of the picture. */
  readonly up: Vector3;
  /** Unit vector along the line of sight. */
  readonly forward: Vector3;
  /** Middle of the picture in pixels from the left edge. */
  readonly centreX: number;
  /** Middle of the picture in pixels from the top edge. */
  readonly centreY: number;
  /** Pixels that one metre covers at one metre's distance. */
  readonly focal: number;
}

/** A point in a picture, in pixels from its top left corner. The centre of the first pixel is (0.5, 0.5). */
export interface ScreenPoint {
  readonly x: number;
  readonly y: number;
  /** Metres from the eye along the line of sight. */
  readonly depth: number;
}

/** A half-line. */
export interface Ray {
  /** Start, in metres. */
  readonly origin: Vector3;
  /** Unit vector. */
  readonly direction: Vector3;
}

/** The camera at `viewpoint`, cleaned as in a scene, for a picture of the given size. */
export function createCamera(viewpoint: Viewpoint, picture: PictureSize): Camera {
  const { position, yawDegrees, pitchDegrees } = cleanViewpoint(viewpoint);
  const yaw = turn(yawDegrees);
  const pitch = turn(pitchDegrees);
  return {
    eye: position,
    right: { x: yaw.cos, y: 0, z: -yaw.sin },
    up: { x: -yaw.sin * pitch.sin, y: pitch.cos, z: -yaw.cos * pitch.sin },
    forward: { x: yaw.sin * pitch.cos, y: pitch.sin, z: yaw.cos * pitch.cos },
    centreX: picture.width / 2,
    centreY: picture.height / 2,
    focal: picture.height / 2 / Math.tan((VERTICAL_FIELD_OF_VIEW_DEGREES / 2) * (Math.PI / 180)),
  };
}

/** `point` in camera space, in metres. */
export function worldToCamera(camera: Camera, point: Vector3): Vector3 {
  const { eye, right, up, forward } = camera;
  const x = point.x - eye.x;
  const y = point.y - eye.y;
  const z = point.z - eye.z;
  return {
    x: right.x * x + right.y * y + right.z * z,
    y: up.x * x + up.y * y + up.z * z,
    z: forward.x * x + forward.y * y + forward.z * z,
  };
}

/** Where `point` appears, possibly outside the picture; `undefined` when it is before the near plane. */
export function worldToScreen(camera: Camera, point: Vector3): ScreenPoint | undefined {
  const { x, y, z } = worldToCamera(camera, point);
  if (z < NEAR_METRES) return undefined;
  return { x: camera.centreX + (camera.focal * x) / z, y: camera.centreY - (camera.focal * y) / z, depth: z };
}

/** The ray from the eye through the point (`x`, `y`) of the picture, in pixels. Inverse of {@link worldToScreen}. */
export function screenToRay(camera: Camera, x: number, y: number): Ray {
  const { eye, right, up, forward, centreX, centreY, focal } = camera;
  const across = (x - centreX) / focal;
  const above = (centreY - y) / focal;
  const length = Math.hypot(across, above, 1);
  return {
    origin: eye,
    direction: {
      x: (forward.x + across * right.x + above * up.x) / length,
      y: (forward.y + across * right.y + above * up.y) / length,
      z: (forward.z + across * right.z + above * up.z) / length,
    },
  };
}
