import { EdgeList } from "./edge-list.js";

/** What the drawing functions draw on. */
export interface Canvas {
  /** Pixels per row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Packed colours, row 0 at the top; may be longer than the picture. */
  readonly colours: Uint32Array;
  /** Inverse depth in 1/m of what each pixel shows, 0 where nothing is; may be longer than the picture. */
  readonly depths: Float32Array;
  /** Scratch of {@link scanPolygon}: first pixel of each row. */
  readonly rowStart: Int32Array;
  /** Scratch of {@link scanPolygon}: pixel behind the last one of each row. */
  readonly rowEnd: Int32Array;
  /** Edges drawn so far that {@link smoothEdges} is to smooth. */
  readonly edges: EdgeList;
}

/** Largest picture, in pixels, whose scratch memory is kept: 4K. Rarer, larger ones would pin hundreds of megabytes. */
const KEPT_PIXELS = 3840 * 2160;

let kept: Pick<Canvas, "depths" | "rowStart" | "rowEnd" | "edges"> = {
  depths: new Float32Array(0),
  rowStart: new Int32Array(0),
  rowEnd: new Int32Array(0),
  edges: new EdgeList(),
};

/**
 * A canvas over `colours`, with depths and edges empty.
 *
 * Shares its scratch memory with earlier ones, which must be out of use. Depths and edges are emptied here; the rows
 * need not be, because {@link scanPolygon} writes those that it reports.
 */
export function openCanvas(width: number, height: number, colours: Uint32Array): Canvas {
  const pixels = width * height;
  let scratch = kept;
  if (scratch.depths.length < pixels || scratch.rowStart.length < height) {
    scratch = {
      depths: new Float32Array(Math.max(pixels, kept.depths.length)),
      rowStart: new Int32Array(Math.max(height, kept.rowStart.length)),
      rowEnd: new Int32Array(Math.max(height, kept.rowEnd.length)),
      edges: kept.edges,
    };
    if (pixels <= KEPT_PIXELS) kept = scratch;
  }
  scratch.depths.fill(0, 0, pixels);
  scratch.edges.length = 0;
  return { width, height, colours, ...scratch };
}
