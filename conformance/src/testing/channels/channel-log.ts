import type { JoinedChannel } from "@resoio/web-proxy/client";
import type { boardChannel } from "../../../../examples/gen/board/v1/board_channel.ts";

/** Something that a client of the board was told. */
export interface LogEntry {
  /** What, in a few words: `Marker x=1`, `ready`, `reset`, `closed`. */
  readonly line: string;
  /** Number of the turn of the event loop in which it was told. */
  readonly turn: number;
  /** What tells its batch from others; 0 in a replay. */
  readonly batch: number;
}

/** Writes down what a client of the board is told. Runs in pages as well. */
export class ChannelLog {
  readonly entries: LogEntry[] = [];
  #turn = 0;
  #isTurnOver = true;
  #changed = Promise.withResolvers<void>();

  constructor(channel: JoinedChannel<typeof boardChannel>) {
    channel.onAny(({ name, message }, { sequence }) => this.#write(`${name} ${textOf(message)}`, sequence));
    channel.onReady(() => this.#write("ready", 0));
    channel.onReset(() => this.#write("reset", 0));
    void channel.closed.then((error) => this.#write(`closed ${error?.message ?? ""}`.trim(), 0));
  }

  /** All entries, as soon as there are more than `count`. */
  async moreThan(count: number): Promise<readonly LogEntry[]> {
    while (this.entries.length <= count) await this.#changed.promise;
    return this.entries;
  }

  #write(line: string, batch: number): void {
    if (this.#isTurnOver) {
      this.#isTurnOver = false;
      this.#turn++;
      setTimeout(() => {
        this.#isTurnOver = true;
      }, 0);
    }
    this.entries.push({ line, turn: this.#turn, batch });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** The fields of a message of the board that tests look at. */
function textOf(message: object): string {
  const { id, agent, author, page, label, text, colour } = {
    id: undefined,
    agent: undefined,
    author: undefined,
    page: undefined,
    label: undefined,
    text: undefined,
    colour: undefined,
    ...message,
  };
  return [id ?? agent ?? author ?? page, label ?? text ?? colour].filter((part) => part !== undefined).join("=");
}
