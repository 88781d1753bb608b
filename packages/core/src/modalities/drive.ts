import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import { DriveEndedError } from "../errors/drive-ended-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { maxTimerMs } from "../max-timer-ms.js";
import { LatestMessage } from "../streams/latest-message.js";
import { unixNanosNow } from "../unix-nanos.js";
import {
  checkedCommand,
  type DriveCommand,
  mergeCommands,
  neutralCommand,
  type StampedCommand,
} from "./drive-command.js";

/** Options of `LocomotionClient.drive`. A `timeoutMs` limits the whole drive and stops the avatar when it passes. */
export interface DriveOptions extends CallOptions {
  /**
   * Whether leaving an `await using` block stops the avatar, by a reset of everything after the last command. Default
   * false: it keeps moving as last told.
   */
  readonly stopOnDispose?: boolean;
  /**
   * After so many milliseconds without {@link Drive.send} the avatar is told once to stand still, upright, at normal speed.
   * The next command starts from there. Counted from the first command on. Default: never.
   */
  readonly deadManMs?: number;
}

/** What one drive delivered. */
export interface DriveSummary {
  /** How many commands the mod applied. Fewer than were sent when some were merged on a slow connection. */
  readonly receivedCount: bigint;
  /** Always 0 with today's mod. */
  readonly droppedCount: bigint;
  /** The mod's clock at the end of the call: Unix time in nanoseconds (UTC), a multiple of 100. */
  readonly unixNanos: bigint;
}

/**
 * Steers the avatar, command by command.
 *
 * How it ends decides what the avatar does: after {@link Drive.finish} it keeps moving as last told; when the drive is aborted,
 * by {@link Drive.abort} or the caller's `AbortSignal`, or its call fails, the mod resets everything and it stops.
 *
 * Leaving an `await using` block finishes the drive, also when an exception leaves it: the two cannot be told apart. The
 * option `stopOnDispose` makes the avatar stop then. Leaving fails with the call's failure, unless the program has it
 * already from {@link Drive.send}, {@link Drive.finish} or {@link Drive.summary}; after an abort it does not fail.
 */
export interface Drive extends AsyncDisposable {
  /**
   * Changes how the avatar moves, without waiting. On a slow connection, commands that were not sent yet become one: of
   * each field the last value counts, and a jump is kept. An empty command is sent as well.
   *
   * Throws {@link InvalidOptionsError} for a number that is not finite, {@link DriveEndedError} once the drive has ended,
   * and the `ConnectError` of a call that has failed.
   */
  send(command: DriveCommand): void;
  /** The outcome of the call, once it is over. `undefined` when nothing was ever sent. Need not be awaited. */
  readonly summary: Promise<DriveSummary | undefined>;
  /** Sends what is left, ends the call in good order and returns its {@link summary}. The avatar keeps moving. */
  finish(): Promise<DriveSummary | undefined>;
  /** Cancels the call, which stops the avatar. `summary` fails with `Canceled`. Without effect once the call is over. */
  abort(reason?: unknown): void;
}

/** The RPCs that a drive uses. */
interface DriveCalls {
  drive(commands: AsyncIterable<StampedCommand>, options: CallOptions): Promise<DriveSummary>;
  resetAll(): Promise<unknown>;
}

/** Makes a {@link Drive}. */
export function createDrive(calls: DriveCalls, options: DriveOptions): Drive {
  const { deadManMs } = options;
  if (deadManMs !== undefined && !(deadManMs >= 1 && deadManMs <= maxTimerMs)) {
    throw new InvalidOptionsError(`deadManMs must be from 1 to ${maxTimerMs}, not ${deadManMs}`);
  }
  return new DriveImpl(calls, options);
}

const endings = {
  finished: "the drive was finished; open a new one",
  aborted: "the drive was aborted; open a new one",
  closed: "the mod has ended the drive; open a new one",
} as const;

class DriveImpl implements Drive {
  readonly #calls: DriveCalls;
  readonly #options: DriveOptions;
  readonly #commands = new LatestMessage<StampedCommand>(mergeCommands);
  readonly #summary = Promise.withResolvers<DriveSummary | undefined>();
  readonly #onSignalAbort = (): void => this.#cancel(this.#options.signal?.reason);
  #controller: AbortController | undefined;
  #ending: keyof typeof endings | undefined;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #isFailureKnown = false;
  #deadMan: ReturnType<typeof setTimeout> | undefined;
  #disposed: Promise<void> | undefined;

  constructor(calls: DriveCalls, options: DriveOptions) {
    this.#calls = calls;
    this.#options = options;
    // Whoever wants to know of a failure awaits it; nobody has to.
    this.#summary.promise.catch(() => {});
  }

  get summary(): Promise<DriveSummary | undefined> {
    this.#isFailureKnown = true;
    return this.#summary.promise;
  }

  send(command: DriveCommand): void {
    const { signal, deadManMs } = this.#options;
    if (this.#controller === undefined && signal?.aborted === true) this.#onSignalAbort();
    if (this.#ending !== undefined) throw new DriveEndedError(endings[this.#ending]);
    if (this.#failure !== undefined) {
      this.#isFailureKnown = true;
      throw this.#failure.error;
    }
    this.#put(checkedCommand(command));
    this.#controller ??= this.#start();
    clearTimeout(this.#deadMan);
    if (deadManMs !== undefined) this.#deadMan = setTimeout(() => this.#put(neutralCommand), deadManMs);
  }

  finish(): Promise<DriveSummary | undefined> {
    this.#finish();
    return this.summary;
  }

  abort(reason?: unknown): void {
    this.#cancel(new ConnectError("the drive was aborted", Code.Canceled, undefined, undefined, reason));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  #put(command: DriveCommand): void {
    this.#commands.put({ ...command, unixNanos: unixNanosNow() });
  }

  #start(): AbortController {
    const controller = new AbortController();
    const { stopOnDispose, deadManMs, signal, ...call } = this.#options;
    signal?.addEventListener("abort", this.#onSignalAbort);
    this.#calls.drive(this.#commands, { ...call, signal: controller.signal }).then(
      ({ receivedCount, droppedCount, unixNanos }) => {
        this.#ending ??= "closed";
        this.#end();
        this.#summary.resolve({ receivedCount, droppedCount, unixNanos });
      },
      (error: unknown) => {
        this.#failure = { error };
        this.#end();
        this.#summary.reject(error);
      },
    );
    return controller;
  }

  #finish(): void {
    if (this.#isOver || this.#ending !== undefined) return;
    this.#ending = "finished";
    clearTimeout(this.#deadMan);
    this.#commands.end();
    if (this.#controller === undefined) this.#endUnused();
  }

  #cancel(reason: unknown): void {
    if (this.#isOver || this.#ending === "aborted") return;
    this.#ending = "aborted";
    clearTimeout(this.#deadMan);
    this.#controller?.abort(reason);
    if (this.#controller === undefined) this.#endUnused();
  }

  #endUnused(): void {
    this.#end();
    this.#summary.resolve(undefined);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#deadMan);
    this.#options.signal?.removeEventListener("abort", this.#onSignalAbort);
  }

  async #dispose(): Promise<void> {
    this.#finish();
    try {
      await this.#summary.promise;
    } catch (error) {
      // The mod has reset everything by itself.
      if (this.#ending === "aborted" || this.#isFailureKnown) return;
      throw error;
    }
    // The summary says that every command is applied, so none can come after the reset.
    const isUsed = this.#controller !== undefined;
    if (isUsed && this.#options.stopOnDispose === true) await this.#calls.resetAll();
  }
}
