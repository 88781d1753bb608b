import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { Locomotion } from "../gen/resonite_io/v1/locomotion_pb.js";
import { unixNanosNow } from "../unix-nanos.js";
import { createDrive, type Drive, type DriveOptions } from "./drive.js";

export type { Drive, DriveOptions, DriveSummary } from "./drive.js";
export type { DriveCommand } from "./drive-command.js";

/** Options of {@link LocomotionClient.reset}: what to reset. With nothing chosen, everything is. */
export interface ResetOptions extends CallOptions {
  /** Movement to 0 and its factor to 1. Default false. */
  readonly move?: boolean;
  /** Turning and tilting to 0; the view stays where it points. Default false. */
  readonly look?: boolean;
  /** Crouching to 0. Default false. */
  readonly crouch?: boolean;
  /** Takes a requested jump back. Default false. */
  readonly jump?: boolean;
}

/** What a reset covers: what was chosen, or everything. */
export interface ResetSummary {
  readonly move: boolean;
  readonly look: boolean;
  readonly crouch: boolean;
  readonly jump: boolean;
  /** The mod's clock when it answered: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly unixNanos: bigint;
}

/**
 * Moves the local user's avatar: walk, fly, look, jump and crouch.
 *
 * The mod keeps one state for all callers: parallel drives change it field by field, and the last one counts. Without a
 * focused world, or an avatar that can walk, it keeps the state for later.
 */
export class LocomotionClient implements Covers<typeof Locomotion> {
  readonly #rpc: Client<typeof Locomotion>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Locomotion, transport);
  }

  /**
   * Opens a drive, which steers the avatar until it is finished or aborted. Nothing is called before its first command.
   *
   * Its call fails with `Unavailable` when the mod has no locomotion bridge and with `Internal` when the bridge throws,
   * which also stops the avatar; see {@link Drive} for where such a failure shows. Throws `InvalidOptionsError` for a
   * `deadManMs` that is not from 1 to 2,147,483,647.
   *
   * @example
   * await using drive = resonite.locomotion.drive({ stopOnDispose: true });
   * drive.send({ moveForward: 1 });
   */
  drive(options: DriveOptions = {}): Drive {
    const { headers, contextValues } = options;
    // Without the signal: what is aborted by then must still stop.
    const resetOptions: CallOptions = {
      ...(headers === undefined ? {} : { headers }),
      ...(contextValues === undefined ? {} : { contextValues }),
    };
    return createDrive(
      {
        drive: (commands, call) => this.#rpc.drive(commands, call),
        resetAll: () => this.reset(resetOptions),
      },
      options,
    );
  }

  /**
   * Sets parts of the state back to neutral, or all of it. Drives that are open are not disturbed.
   *
   * The mod answers at once and resets at the next tick of the engine, including commands that come before it.
   *
   * Fails with `Unavailable` when the mod has no locomotion bridge and with `Internal` when the bridge throws.
   */
  async reset(options: ResetOptions = {}): Promise<ResetSummary> {
    const { move = false, look = false, crouch = false, jump = false, ...call } = options;
    const response = await this.#rpc.reset({ move, look, crouch, jump, unixNanos: unixNanosNow() }, call);
    return {
      move: response.move,
      look: response.look,
      crouch: response.crouch,
      jump: response.jump,
      unixNanos: response.unixNanos,
    };
  }
}
