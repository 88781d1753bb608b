import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { Display } from "../gen/resonite_io/v1/display_pb.js";

/** The settings of the game's window. */
export interface DisplayState {
  /** Window width in pixels. */
  readonly width: number;
  /** Window height in pixels. */
  readonly height: number;
  /** Most frames per second while the window is not focused. Says nothing about a focused window. */
  readonly maxFps: number;
}

/** Options of {@link DisplayClient.apply}: at least one of `width`, `height` and `maxFps`. */
export interface DisplayApplyOptions extends CallOptions {
  /** Window width in pixels. Default 0: stays as it is. The engine does not take less than 800, nor less than the height. */
  readonly width?: number;
  /** Window height in pixels. Default 0: stays as it is. The engine does not take less than 600, nor more than the width. */
  readonly height?: number;
  /**
   * Most frames per second while the window is not focused, 1 or more; the mod cuts it down to a whole number. Default 0:
   * stays as it is.
   */
  readonly maxFps?: number;
}

const maxUint32 = 0xffffffff;

/**
 * Reads and sets the size of the game's window, which is also that of camera frames, and the frame rate in the background.
 *
 * The settings belong to the engine: every program that talks to it shares them, and they outlive the connection. Every
 * method fails with `Unavailable` when the mod has no display bridge, with `FailedPrecondition` while the engine's settings
 * are not active yet, which may be some seconds longer than the camera takes, and with `Internal` when the bridge throws.
 */
export class DisplayClient implements Covers<typeof Display> {
  readonly #rpc: Client<typeof Display>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Display, transport);
  }

  /**
   * Changes the settings that are given and not 0. When only one of `width` and `height` is, the other stays.
   *
   * The mod answers before the change is made: for some moments {@link get} may still return the old values. The size may
   * have changed already when the call fails because of the frame rate.
   *
   * Throws {@link InvalidOptionsError} when no setting is given, for a size that is not a whole number from 0 upwards, and for
   * a `maxFps` that is neither 0 nor a number from 1 upwards.
   */
  async apply(options: DisplayApplyOptions): Promise<void> {
    const { width, height, maxFps, ...call } = options;
    if (width === undefined && height === undefined && maxFps === undefined) {
      throw new InvalidOptionsError("apply takes at least one of width, height and maxFps");
    }
    const request = { width: width ?? 0, height: height ?? 0, maxFps: maxFps ?? 0 };
    checkPixels(request.width, "width");
    checkPixels(request.height, "height");
    checkFrameRate(request.maxFps);
    await this.#rpc.apply(request, call);
  }

  /** Returns the settings. Changes nothing. */
  async get(options?: CallOptions): Promise<DisplayState> {
    const { width, height, maxFps } = await this.#rpc.get({}, options);
    return { width, height, maxFps };
  }
}

function checkPixels(value: number, name: string): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= maxUint32)) {
    throw new InvalidOptionsError(`${name} must be a whole number of pixels, or 0 to keep it, not ${value}`);
  }
}

function checkFrameRate(maxFps: number): void {
  // Between 0 and 1 the mod would cut it down to a limit of 0 frames per second.
  if (!(maxFps === 0 || (maxFps >= 1 && maxFps < Infinity))) {
    throw new InvalidOptionsError(`maxFps must be a number from 1 upwards, or 0 to keep it, not ${maxFps}`);
  }
}
