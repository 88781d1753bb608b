import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { Cursor, type CursorState as WireState } from "../gen/resonite_io/v1/cursor_pb.js";

/** Where the in-engine desktop cursor is. Coordinates are fractions of the window: (0, 0) and (1, 1) are opposite corners. */
export interface CursorState {
  /** Horizontal position, 0 to 1, rounded by the engine to a whole window pixel: 1 comes back slightly smaller. */
  readonly x: number;
  /** Vertical position, 0 to 1, rounded like {@link x}. */
  readonly y: number;
  /** Window size in pixels. */
  readonly window: { readonly width: number; readonly height: number };
  /** Whether a hold is in force in the focused world. If not, the position follows the operating system's pointer. */
  readonly held: boolean;
}

/**
 * Moves and holds the in-engine desktop cursor. The operating system's pointer is never touched.
 *
 * There is one hold, and it belongs to the engine, not to this client: it outlives the call and the connection, every caller
 * can replace it, and it ends with {@link release}. It rests while another world is focused than the one it was made in.
 *
 * Every method fails with `Unavailable` when the mod has no cursor bridge, with `FailedPrecondition` while no world is focused
 * or the window has no size, and with `Internal` when the bridge throws.
 */
export class CursorClient implements Covers<typeof Cursor> {
  readonly #rpc: Client<typeof Cursor>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Cursor, transport);
  }

  /**
   * Moves the cursor to (`x`, `y`), fractions of the window from 0 to 1, and holds it there. Waits until the engine reports
   * the new position, but no longer than about 320 ms: then the answer says where the cursor is instead. Cancelling the call
   * does not undo the hold.
   *
   * Throws {@link InvalidOptionsError} when a coordinate is NaN or outside 0 to 1.
   */
  async setPosition(x: number, y: number, options?: CallOptions): Promise<CursorState> {
    checkFraction(x, "x");
    checkFraction(y, "y");
    return toCursorState(await this.#rpc.setPosition({ x, y }, options));
  }

  /** Moves the cursor to the middle of the window and holds it there, as {@link setPosition} does. */
  async center(options?: CallOptions): Promise<CursorState> {
    return await this.setPosition(0.5, 0.5, options);
  }

  /** Returns where the cursor is. Changes nothing. */
  async getPosition(options?: CallOptions): Promise<CursorState> {
    return toCursorState(await this.#rpc.getPosition({}, options));
  }

  /** Ends the hold, whoever made it. Succeeds also when there is none. */
  async release(options?: CallOptions): Promise<CursorState> {
    return toCursorState(await this.#rpc.release({}, options));
  }
}

function checkFraction(value: number, name: string): void {
  if (!(value >= 0 && value <= 1)) throw new InvalidOptionsError(`${name} must be from 0 to 1, not ${value}`);
}

function toCursorState({ x, y, windowWidth, windowHeight, held }: WireState): CursorState {
  return { x, y, window: { width: windowWidth, height: windowHeight }, held };
}
