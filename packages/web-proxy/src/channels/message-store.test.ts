import { describe, expect, it } from "vitest";
import { MessageStore, StoreBudget, type StoreLimits } from "./message-store.js";
import type { OutgoingMessage } from "./outgoing.js";
import { outgoing, textOf } from "./testing/outgoing-messages.js";

const roomy: StoreLimits = { maxMessages: 10_000, maxBytes: 10_000_000 };

describe("MessageStore", () => {
  it("tells of each key the last message, in the order of the last ones: x1 y1 x2 becomes y1 x2", () => {
    expect(kept(stored(["x", "x1"], ["y", "y1"], ["x", "x2"]))).toEqual(["y1", "x2"]);
  });

  it("tells them in the order of the first ones when they want it: x1 y1 x2 becomes x2 y1", () => {
    const store = stored(["x", "x1"], ["y", "y1"]);
    store.put(outgoing("x2", { key: "x", isInPlace: true }));

    expect(kept(store)).toEqual(["x2", "y1"]);
  });

  it("keeps every message without a key", () => {
    const store = storeOf(roomy);
    for (const text of ["a", "a", "b"]) store.put(outgoing(text));

    expect(kept(store)).toEqual(["a", "a", "b"]);
  });

  it("forgets what a tombstone ends, under all its keys, and the tombstone", () => {
    const store = stored(["thing/1", "thing"], ["place/1", "place"], ["thing/2", "other"]);
    store.put(outgoing("gone", { key: "thing/1", removes: ["thing/1", "place/1"] }));

    expect(kept(store)).toEqual(["other"]);
  });

  it("takes room by what is kept, however much was ever put in", () => {
    const budget = new StoreBudget(roomy);
    const store = new MessageStore(budget);
    const message = (index: number) => outgoing("text", { key: `${index % 1_000}` });
    for (let index = 0; index < 1_000; index++) store.put(message(index));
    const { messages, bytes } = budget;
    expect([messages, store.size]).toEqual([1_000, 1_000]);
    for (let index = 0; index < 100_000; index++) store.put(message(index));

    expect([store.size, budget.messages, budget.bytes]).toEqual([1_000, messages, bytes]);
    for (let index = 0; index < 1_000; index++) store.put(outgoing("", { key: `${index}`, removes: [`${index}`] }));
    expect([store.size, budget.messages, budget.bytes]).toEqual([0, 0, 0]);
  });

  it("has no room for more messages or bytes than allowed, but for what replaces and for what ends", () => {
    const store = storeOf({ maxMessages: 2, maxBytes: 1_000 });
    store.put(outgoing("a", { key: "a" }));
    store.put(outgoing("b", { key: "b" }));

    expect(store.hasRoomFor(outgoing("c", { key: "c" }))).toBe(false);
    expect(store.hasRoomFor(outgoing("a2", { key: "a" }))).toBe(true);
    expect(store.hasRoomFor(outgoing("x".repeat(1_000), { key: "a" }))).toBe(false);
    expect(store.hasRoomFor(outgoing("", { key: "c", removes: ["c"] }))).toBe(true);
  });

  it("takes out what is not wanted", () => {
    const store = stored(["x", "x1"], ["y", "y1"]);

    expect(store.remove(({ key }) => key === "x")).toBe(1);
    expect(kept(store)).toEqual(["y1"]);
  });

  describe("since", () => {
    it("tells what is new, and what ended, before what is new", () => {
      const store = stored(["a", "a1"], ["b", "b1"]);
      const known = put(store, "c", "c1").sequence;
      put(store, "b", "b2");
      put(store, "a", "a gone", ["a"]);

      expect(store.since(known)?.map(textOf)).toEqual(["a gone", "b2"]);
      expect(store.since(known + 2)?.map(textOf)).toEqual([]);
    });

    it("tells nothing of what ended and came back", () => {
      const store = storeOf(roomy);
      const known = put(store, "a", "a1").sequence;
      put(store, "a", "a gone", ["a"]);
      put(store, "a", "a2");

      expect(store.since(known)?.map(textOf)).toEqual(["a2"]);
      expect(store.tombstoneCount).toBe(0);
    });

    it("does not know when what ended was forgotten", () => {
      const store = storeOf(roomy);
      const first = put(store, "a", "a gone", ["a"]).sequence;
      const second = put(store, "b", "b gone", ["b"]).sequence;

      store.forgetTombstones(first);

      expect(store.tombstoneCount).toBe(1);
      expect(store.since(first - 1)).toBeUndefined();
      expect(store.since(first)?.map(textOf)).toEqual(["b gone"]);
      expect(store.since(second)).toEqual([]);
    });

    it("forgets by itself what ended first, when there is more than may be kept", () => {
      const store = storeOf({ ...roomy, maxMessages: 2 });
      const sequences = ["a", "b", "c"].map((key) => put(store, key, "gone", [key]).sequence);

      expect(store.tombstoneCount).toBe(2);
      expect(sequences.map((sequence) => store.since(sequence - 1)?.length)).toEqual([undefined, 2, 1]);
    });
  });
});

function storeOf(limits: StoreLimits): MessageStore {
  return new MessageStore(new StoreBudget(limits));
}

function put(store: MessageStore, key: string, text: string, removes?: readonly string[]): OutgoingMessage {
  const message = outgoing(text, { key, removes });
  store.put(message);
  return message;
}

function stored(...messages: readonly (readonly [key: string, text: string])[]): MessageStore {
  const store = storeOf(roomy);
  for (const [key, text] of messages) put(store, key, text);
  return store;
}

function kept(store: MessageStore): string[] {
  return [...store.messages()].map(textOf);
}
