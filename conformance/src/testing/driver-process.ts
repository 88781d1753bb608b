import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { killChild, nextMessage } from "./mod-process.js";

/** What a driver can be told: to drive, and to finish its drive and end. */
export type DriverOrder = "drive" | "finish";

/** A program of its own that drives the avatar. */
export interface DriverProcess extends AsyncDisposable {
  /** Begins to drive: forward, and turning. */
  drive(): void;
  /** Finishes the drive and ends. Resolves to the exit code. */
  finish(): Promise<number | null>;
  /** Kills it with SIGKILL and resolves when nothing is left of it. */
  kill(): Promise<void>;
}

/** Starts a driver. Resolves when it is connected to the mod; it does not drive yet. */
export async function startDriverProcess(socketPath: string): Promise<DriverProcess> {
  const child = fork(join(import.meta.dirname, "driver-main.ts"), [socketPath], {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await nextMessage(child);
  const tell = (order: DriverOrder): void => void child.send(order);
  const kill = (): Promise<void> => killChild(child);
  return {
    drive: () => tell("drive"),
    async finish() {
      const exited = once(child, "exit");
      tell("finish");
      await exited;
      return child.exitCode;
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
