/** Numbers per edge: x, y and inverse depth of both ends. */
export const EDGE_STRIDE = 6;

/** A growing list of screen-space line segments. */
export class EdgeList {
  /** The edges, {@link EDGE_STRIDE} numbers each: x0, y0, w0, x1, y1, w1 in pixels and 1/m. */
  values: Float64Array = new Float64Array(1024 * EDGE_STRIDE);
  /** Numbers in use in {@link values}. */
  length = 0;

  /** Appends the edge between two points given by pixel and inverse depth. */
  add(x0: number, y0: number, w0: number, x1: number, y1: number, w1: number): void {
    if (this.length + EDGE_STRIDE > this.values.length) {
      const grown = new Float64Array(this.values.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    const { values, length } = this;
    values[length] = x0;
    values[length + 1] = y0;
    values[length + 2] = w0;
    values[length + 3] = x1;
    values[length + 4] = y1;
    values[length + 5] = w1;
    this.length = length + EDGE_STRIDE;
  }
}
