import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { collect } from "../testing/collect.js";
import { MessageQueue, type MessageSource } from "./message-queue.js";

const mebibyte = 1024 * 1024;

describe("MessageQueue", () => {
  it("hands out messages in the order in which they came, and then the end", async () => {
    const { queue } = textQueue();
    for (const text of ["a", "b", "c"]) queue.push(encode(text));
    queue.end(undefined, false);

    expect(await collect(queue)).toEqual(["a", "b", "c"]);
  });

  it("hands a message to a reader that already waits", async () => {
    const { queue } = textQueue();
    const waiting = queue.next();

    queue.push(encode("late"));

    expect(await waiting).toEqual({ done: false, value: "late" });
  });

  it("keeps the order when reading and pushing alternate", async () => {
    const { queue } = textQueue();
    const first = queue.next();
    queue.push(encode("1"));
    queue.push(encode("2"));
    queue.push(encode("3"));

    expect([await first, await queue.next(), await queue.next()].map(({ value }) => value)).toEqual(["1", "2", "3"]);
  });

  it("tells a waiting reader of the end", async () => {
    const { queue } = textQueue();
    const waiting = queue.next();

    queue.end(undefined, false);

    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it("tells a waiting reader of an error", async () => {
    const { queue } = textQueue();
    const waiting = queue.next();
    const error = new ConnectError("gone", Code.Unavailable);

    queue.end(error, false);

    await expect(waiting).rejects.toBe(error);
  });

  it("hands out what is queued before the error that came after it, which every later read finds", async () => {
    const { queue } = textQueue();
    const error = new ConnectError("gone", Code.Unavailable);
    queue.push(encode("a"));
    queue.push(encode("b"));
    queue.end(error, false);

    expect((await queue.next()).value).toBe("a");
    expect((await queue.next()).value).toBe("b");
    await expect(queue.next()).rejects.toBe(error);
    await expect(queue.next()).rejects.toBe(error);
  });

  it("drops what is queued when the reader's own side ended it", async () => {
    const { queue } = textQueue();
    const error = new ConnectError("cancelled", Code.Canceled);
    queue.push(encode("a"));
    queue.end(error, true);

    await expect(queue.next()).rejects.toBe(error);
  });

  it("keeps the first end, so that the reason why it ended is not lost", async () => {
    const { queue } = textQueue();
    const reason = new ConnectError("too large", Code.ResourceExhausted);
    queue.end(reason, false);
    queue.end(undefined, false);
    queue.end(new ConnectError("incomplete", Code.Internal), false);

    await expect(queue.next()).rejects.toBe(reason);
  });

  it("lets a cancellation overtake an end that the reader has not come to yet", async () => {
    const { queue } = textQueue();
    const error = new ConnectError("cancelled", Code.Canceled);
    queue.push(encode("a"));
    queue.end(undefined, false);
    queue.end(error, true);

    await expect(queue.next()).rejects.toBe(error);
  });

  it("drops a message that comes after the end", async () => {
    const { queue } = textQueue();
    queue.end(undefined, false);
    queue.push(encode("late"));

    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  describe("backpressure", () => {
    it("pauses the source once at about a megabyte, and resumes it once when the reader has made room", async () => {
      const { queue, log } = textQueue();
      const quarter = new Uint8Array(mebibyte / 4);

      for (let i = 0; i < 3; i++) queue.push(quarter);
      expect(log).toEqual([]);
      for (let i = 0; i < 3; i++) queue.push(quarter);
      expect(log).toEqual(["pause"]);

      for (let i = 0; i < 2; i++) await queue.next();
      expect(log).toEqual(["pause"]);
      await queue.next();
      expect(log).toEqual(["pause", "resume"]);
      for (let i = 0; i < 3; i++) await queue.next();
      expect(log).toEqual(["pause", "resume"]);
    });

    it("pauses again when it fills again", async () => {
      const { queue, log } = textQueue();
      for (let i = 0; i < 2; i++) {
        queue.push(new Uint8Array(mebibyte));
        await queue.next();
      }

      expect(log).toEqual(["pause", "resume", "pause", "resume"]);
    });

    it("does not pause for a message that a waiting reader takes at once, however large", async () => {
      const { queue, log } = textQueue();
      const waiting = queue.next();

      queue.push(new Uint8Array(4 * mebibyte));
      await waiting;

      expect(log).toEqual([]);
    });

    it("is filled also by messages without content", () => {
      const { queue, log } = textQueue();
      for (let i = 0; i < mebibyte && log.length === 0; i++) queue.push(new Uint8Array(0));

      expect(log).toEqual(["pause"]);
    });
  });

  describe("return", () => {
    it("cancels the call when a loop is left", async () => {
      const { queue, cancellations } = textQueue();
      queue.push(encode("a"));
      queue.push(encode("b"));

      for await (const text of queue) {
        expect(text).toBe("a");
        break;
      }

      expect(cancellations).toHaveLength(1);
      expect(cancellations[0]).toMatchObject({ code: Code.Canceled });
    });

    it("lets nothing out afterwards: not what is queued, not what still comes, not the error of the cancelled call", async () => {
      const { queue } = textQueue();
      queue.push(encode("queued"));

      expect(await queue.return()).toEqual({ done: true, value: undefined });
      queue.push(encode("late"));
      queue.end(new ConnectError("cancelled", Code.Canceled), true);

      expect(await queue.next()).toEqual({ done: true, value: undefined });
    });

    it("ends a read that waits", async () => {
      const { queue } = textQueue();
      const waiting = queue.next();

      await queue.return();

      expect(await waiting).toEqual({ done: true, value: undefined });
    });
  });

  describe("a message that cannot be decoded", () => {
    it("cancels the call with the decoder's error, which the waiting reader gets", async () => {
      const { queue, cancellations } = failingQueue();
      const waiting = queue.next();

      queue.push(encode("bad"));

      await expect(waiting).rejects.toMatchObject({ code: Code.DataLoss, rawMessage: "not a text" });
      expect(cancellations).toMatchObject([{ code: Code.DataLoss }]);
    });

    it("is not decoded before it is read, and lets nothing out after it", async () => {
      const { queue, cancellations } = failingQueue();
      queue.push(encode("bad"));
      queue.push(encode("good"));
      expect(cancellations).toEqual([]);

      await expect(queue.next()).rejects.toMatchObject({ code: Code.DataLoss });
      await expect(queue.next()).rejects.toMatchObject({ code: Code.DataLoss });
      expect(cancellations).toMatchObject([{ code: Code.DataLoss }]);
    });

    it("becomes Internal when the decoder throws no status", async () => {
      const { queue } = queueOf(() => {
        throw new TypeError("broken decoder");
      });
      queue.push(encode("any"));

      await expect(queue.next()).rejects.toMatchObject({ code: Code.Internal });
    });
  });

  it("refuses a second reader while one waits, and still serves the first", async () => {
    const { queue } = textQueue();
    const first = queue.next();

    await expect(queue.next()).rejects.toMatchObject({ code: Code.FailedPrecondition });
    queue.push(encode("for the first"));

    expect(await first).toEqual({ done: false, value: "for the first" });
  });
});

function textQueue() {
  return queueOf((message) => new TextDecoder().decode(message));
}

function failingQueue() {
  return queueOf((message) => {
    const text = new TextDecoder().decode(message);
    if (text === "bad") throw new ConnectError("not a text", Code.DataLoss);
    return text;
  });
}

function queueOf(decode: (message: Uint8Array) => string) {
  const log: string[] = [];
  const cancellations: ConnectError[] = [];
  const source: MessageSource = {
    pause: () => log.push("pause"),
    resume: () => log.push("resume"),
    cancel: (error) => cancellations.push(error),
  };
  return { queue: new MessageQueue<string>(source, decode), log, cancellations };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
