import { ResoioError } from "@resoio/core";

/** A socket whose name carries the id of a process that is gone. */
export interface SkippedSocket {
  readonly path: string;
  readonly pid: number;
}

/** No socket of a running mod was found where one was looked for. */
export class SocketNotFoundError extends ResoioError {
  readonly code = "SOCKET_NOT_FOUND";
  /** The folder that was searched. */
  readonly directory: string;
  /** Sockets that were passed over because their process is gone. */
  readonly skipped: readonly SkippedSocket[];

  constructor(options: { directory: string; skipped: readonly SkippedSocket[]; wanted?: string; cause?: unknown }) {
    const { directory, skipped, wanted = "Resonite IO socket", cause } = options;
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    const pids = skipped.map(({ pid }) => pid).join(", ");
    const note =
      skipped.length === 0
        ? ""
        : skipped.length === 1
          ? ` (1 skipped: its process ${pids} is gone)`
          : ` (${skipped.length} skipped: their processes ${pids} are gone)`;
    super(
      `no ${wanted} in ${directory}${note}${reason}. Start Resonite with the mod, run \`npx resoio-mock\`, or set RESONITE_IO_SOCKET.`,
      cause === undefined ? undefined : { cause },
    );
    this.directory = directory;
    this.skipped = skipped;
  }
}
