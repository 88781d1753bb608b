import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Costs, costsQuestion } from "./costs.ts";

/** Messages of a child that nobody has asked for yet: few, and always taken in order. */
interface Mailbox {
  readonly messages: unknown[];
  waiting: PromiseWithResolvers<unknown> | undefined;
}

/** A process of the benchmark, which tells what it does and what it costs. It ends when it is disposed of, or with the program. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #said: Mailbox = { messages: [], waiting: undefined };
  readonly #costs: Mailbox = { messages: [], waiting: undefined };
  readonly #name: string;

  /** Starts `file`, a path below `bench/src`, with `env` beside what is set already. */
  constructor(file: string, args: readonly (string | number)[], env: Readonly<Record<string, string>> = {}) {
    this.#name = [file, ...args].join(" ");
    this.#process = fork(join(import.meta.dirname, "..", file), args.map(String), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, ...env },
    });
    this.#process.on("message", (message) => {
      if (isCostsMessage(message)) deliver(this.#costs, message.costs);
      else deliver(this.#said, message);
    });
    this.#process.once("exit", (code) => {
      const error = new Error(`${this.#name} ended with ${code} instead of an answer`);
      for (const { waiting } of [this.#said, this.#costs]) waiting?.reject(error);
    });
  }

  /** The next thing that it says. Fails when it ends before. */
  next(): Promise<unknown> {
    return take(this.#said, this.#name);
  }

  /** Asks it something, and returns what it says next. */
  async ask(question: string): Promise<unknown> {
    this.#process.send(question);
    return await this.next();
  }

  /** What it has used so far. The child has to have called `answerCosts`. */
  async costs(): Promise<Costs> {
    this.#process.send(costsQuestion);
    const costs = await take(this.#costs, this.#name);
    if (!isCosts(costs)) throw new Error(`${this.#name} does not tell what it costs`);
    return costs;
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    if (this.#process.exitCode === null) await once(this.#process, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exit = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    await exit;
  }
}

function deliver(mailbox: Mailbox, message: unknown): void {
  const { waiting } = mailbox;
  mailbox.waiting = undefined;
  if (waiting === undefined) mailbox.messages.push(message);
  else waiting.resolve(message);
}

async function take(mailbox: Mailbox, name: string): Promise<unknown> {
  if (mailbox.messages.length > 0) return mailbox.messages.shift();
  if (mailbox.waiting !== undefined) throw new Error(`two ask ${name} at once`);
  mailbox.waiting = Promise.withResolvers();
  return await mailbox.waiting.promise;
}

function isCostsMessage(message: unknown): message is { readonly costs: unknown } {
  return message instanceof Object && "costs" in message;
}

function isCosts(value: unknown): value is Costs {
  return value instanceof Object && "cpuMs" in value && "peakMiB" in value;
}
