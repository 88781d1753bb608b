import { describe, expect, it } from "vitest";
import { collect } from "../testing/collect.js";
import { LatestMessage } from "./latest-message.js";

const join = (earlier: string, later: string) => `${earlier}+${later}`;
const done = { done: true, value: undefined };

describe("LatestMessage", () => {
  it("hands each message to a reader that waits", async () => {
    const messages = new LatestMessage(join);
    for (const text of ["a", "b"]) {
      const waiting = messages.next();
      messages.put(text);
      expect(await waiting).toEqual({ done: false, value: text });
    }
  });

  it("merges what nobody has taken yet, in order, and starts anew once it is taken", async () => {
    const messages = new LatestMessage(join);
    for (const text of ["a", "b", "c"]) messages.put(text);
    expect(await messages.next()).toEqual({ done: false, value: "a+b+c" });

    messages.put("d");
    expect(await messages.next()).toEqual({ done: false, value: "d" });
  });

  it("merges what comes in the same turn as a message that a waiting reader gets", async () => {
    const messages = new LatestMessage(join);
    const waiting = messages.next();
    for (const text of ["a", "b", "c"]) messages.put(text);

    expect(await waiting).toEqual({ done: false, value: "a" });
    expect(await messages.next()).toEqual({ done: false, value: "b+c" });
  });

  it("ends after what is waiting, and drops what comes later", async () => {
    const messages = new LatestMessage(join);
    messages.put("last");
    messages.end();
    messages.put("late");

    expect(await collect(messages)).toEqual(["last"]);
  });

  it("ends a read that waits", async () => {
    const messages = new LatestMessage(join);
    const waiting = messages.next();
    messages.end();

    expect(await waiting).toEqual(done);
  });

  it("fails instead of ending when the call has failed, and drops what is waiting", async () => {
    const messages = new LatestMessage(join);
    const error = new Error("aborted");
    messages.put("dropped");
    await expect(messages.throw(error)).rejects.toBe(error);
    messages.put("late");

    await expect(messages.next()).rejects.toBe(error);
    await expect(messages.next()).rejects.toBe(error);
  });

  it("fails a read that waits", async () => {
    const messages = new LatestMessage(join);
    const error = new Error("aborted");
    const waiting = messages.next();
    const thrown = messages.throw(error);

    await expect(waiting).rejects.toBe(error);
    await expect(thrown).rejects.toBe(error);
  });

  it("lets nothing out after the transport has left it", async () => {
    const messages = new LatestMessage(join);
    messages.put("a");

    expect(await messages.return()).toEqual(done);
    messages.put("b");
    expect(await messages.next()).toEqual(done);
  });
});
