import { cleanScene } from "./clean-scene.js";
import { type Picture, renderScene } from "./render-scene.js";
import type { Scene } from "./scene.js";

/** The size of a picture, in pixels. */
export type PictureSize = Pick<Picture, "width" | "height">;

/** Draws `scene` in memory of its own. */
export function drawPicture(scene: Scene, { width, height }: PictureSize): Picture {
  const picture = { width, height, pixels: Buffer.allocUnsafeSlow(width * height * 4) };
  renderScene(scene, picture);
  return picture;
}

/**
 * The newest picture. It is drawn again only when it would look different: as long as nothing moves, a camera costs nothing but the
 * sending. A picture that was handed out never changes, so it can be sent from where it lies.
 */
export class PictureCache {
  #newest: { readonly look: string; readonly picture: Picture } | undefined;

  /** The picture of `scene`. Others get the same one, so it must not be written to. */
  draw(scene: Scene, size: PictureSize): Picture {
    const { width, height } = size;
    // As text, because parts of a scene change in place. Cleaned, because text has no numbers that are not finite.
    const look = JSON.stringify([width, height, cleanScene(scene)]);
    if (this.#newest?.look !== look) this.#newest = { look, picture: drawPicture(scene, size) };
    return this.#newest.picture;
  }
}
