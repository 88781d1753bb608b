import { execFile } from "node:child_process";

/** How a run of Node ended. */
export interface NodeRun {
  /** Why the run failed. `undefined` when it ended by itself with exit code 0. */
  readonly failure: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of {@link runNode}. */
export interface RunNodeOptions {
  /** The folder to run in. */
  readonly cwd: string;
  /** How long the run may take, in milliseconds. Then it is killed. */
  readonly timeoutMs: number;
  /** Variables on top of those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The most that a run may print, in bytes. */
const maxBuffer = 1024 * 1024;

/** Runs Node with these arguments until it ends or has to be killed. Never rejects. */
export function runNode(args: readonly string[], { cwd, timeoutMs, env }: RunNodeOptions): Promise<NodeRun> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      {
        cwd,
        // Both variables at once make Node complain.
        env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", ...env },
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer,
      },
      (error, stdout, stderr) => {
        resolve({ failure: error === null ? undefined : explain(error), stdout, stderr });
      },
    );

    function explain({ code, killed, signal }: { code?: unknown; killed?: boolean; signal?: unknown }): string {
      if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return `printed more than ${maxBuffer} bytes`;
      if (killed === true) return `did not end within ${timeoutMs / 1000} seconds`;
      return typeof code === "number" ? `ended with exit code ${code}` : `was ended by ${signal ?? code}`;
    }
  });
}
