import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** What a {@link ModProcess} tells about its game. */
export interface ModReport {
  /** What the avatar is told: 1 is forward. */
  readonly moveForward: number;
  /** Where the avatar stands, in metres. */
  readonly position: { readonly x: number; readonly y: number; readonly z: number };
  /** Whether the mod has received a command for the avatar since it started. */
  readonly wasCommanded: boolean;
  /** The RPCs of all calls that are over. */
  readonly endedRpcs: readonly string[];
  /** How many calls are being answered. */
  readonly openCalls: number;
}

/** A question to the process: how things are now, or as soon as a command moves the avatar forward. */
export type ModQuestion = "now" | "driven";

/** A simulated mod in a process of its own, which can be killed as the game can. */
export interface ModProcess extends AsyncDisposable {
  readonly pid: number;
  /** Asks one question. Rejects when the process ends instead of answering. One at a time. */
  ask(question: ModQuestion): Promise<ModReport>;
  /** Kills it with SIGKILL, so that it can clean nothing up, and resolves when nothing is left of it. */
  kill(): Promise<void>;
}

/** Starts a mod whose socket is `resonite-<pid>.sock` in `directory`. Resolves when it accepts connections. */
export async function startModProcess(directory: string): Promise<ModProcess> {
  const child = fork(join(import.meta.dirname, "mod-main.ts"), {
    env: { ...process.env, RESONITE_IO_SOCKET_DIR: directory, RESONITE_IO_SOCKET: "" },
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await nextMessage(child);
  const { pid } = child;
  if (pid === undefined) throw new Error("a process that has spoken has an id");
  const kill = (): Promise<void> => killChild(child);
  return {
    pid,
    async ask(question) {
      const answer = nextMessage(child);
      child.send(question);
      const report = await answer;
      if (!isReport(report)) throw new Error(`process ${pid} answered with ${JSON.stringify(report)}`);
      return report;
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

/** What a process says next. Rejects when it ends without another word. */
export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const onExit = (): void =>
    over.abort(new Error(`process ${child.pid} has ended (${child.signalCode ?? child.exitCode})`));
  child.once("exit", onExit);
  try {
    const [message]: unknown[] = await once(child, "message", { signal: over.signal });
    return message;
  } catch (error) {
    throw over.signal.aborted ? over.signal.reason : error;
  } finally {
    child.off("exit", onExit);
  }
}

/** Kills a process with SIGKILL and resolves when it and the channel to it are gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  if (child.connected) await once(child, "disconnect");
}

function isReport(value: unknown): value is ModReport {
  return typeof value === "object" && value !== null && "wasCommanded" in value && "openCalls" in value;
}
