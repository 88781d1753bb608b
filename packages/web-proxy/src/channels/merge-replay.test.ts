import { describe, expect, it } from "vitest";
import { mergeReplay } from "./merge-replay.js";
import { MessageStore, StoreBudget } from "./message-store.js";
import { outgoing, textOf } from "./testing/outgoing-messages.js";

const at = (sequence: number, key = `${sequence}`) => outgoing(`${key}`, { key, sequence });

describe("mergeReplay", () => {
  it("tells what several places keep in the order in which it was sent, up to a number", () => {
    const merged = mergeReplay([[at(1), at(4), at(9)], [], [at(2), at(3), at(7)]], 7);

    expect([...merged].map(textOf)).toEqual(["1", "2", "3", "4", "7"]);
  });

  it("leaves out what is replaced or ended while it is read, and ends though new things come", () => {
    const store = new MessageStore(new StoreBudget({ maxMessages: 100, maxBytes: 100_000 }));
    for (const sequence of [1, 2, 3, 4]) store.put(at(sequence));
    const read: string[] = [];

    for (const message of mergeReplay([store.replayable()], 4)) {
      read.push(textOf(message));
      if (read.length > 1) continue;
      store.put(at(5, "3"));
      store.put(outgoing("gone", { key: "4", removes: ["4"], sequence: 6 }));
      store.put(at(7));
    }

    expect(read).toEqual(["1", "2"]);
  });
});
