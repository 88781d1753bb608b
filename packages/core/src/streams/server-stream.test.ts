import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { collect } from "../testing/collect.js";
import { createServerStream } from "./server-stream.js";

describe("createServerStream", () => {
  it("hands out the messages in order and then the end", async () => {
    const call = fakeCall(["a", "b", "c"], "ends");

    expect(await collect(createServerStream(call.open, undefined))).toEqual(["a", "b", "c"]);
  });

  it("starts the call with the first next, and only once", async () => {
    const call = fakeCall(["a", "b"], "ends");
    const stream = createServerStream(call.open, undefined);
    stream[Symbol.asyncIterator]();
    expect(call.signals).toHaveLength(0);

    await stream.next();
    await stream.next();

    expect(call.signals).toHaveLength(1);
  });

  describe("cancels the call", () => {
    it("on break", async () => {
      const call = fakeCall(["a", "b"]);
      const seen: string[] = [];

      for await (const message of createServerStream(call.open, undefined)) {
        seen.push(message);
        expect(call.signal.aborted).toBe(false);
        break;
      }

      expect(seen).toEqual(["a"]);
      expect(call.signal.aborted).toBe(true);
      expect(call.signal.reason).toMatchObject({ code: Code.Canceled });
    });

    it("on return out of the loop", async () => {
      const call = fakeCall(["a", "b"]);
      const first = async () => {
        for await (const message of createServerStream(call.open, undefined)) return message;
        return undefined;
      };

      expect(await first()).toBe("a");
      expect(call.signal.aborted).toBe(true);
    });

    it("on an exception in the loop, which is what the caller sees", async () => {
      const call = fakeCall(["a", "b"]);
      const failure = new Error("the loop's own");
      const run = async () => {
        for await (const _ of createServerStream(call.open, undefined)) throw failure;
      };

      await expect(run()).rejects.toBe(failure);
      expect(call.signal.aborted).toBe(true);
    });

    it("at the end of an await using block", async () => {
      const call = fakeCall(["a", "b"]);
      {
        await using stream = createServerStream(call.open, undefined);
        await stream.next();
        expect(call.signal.aborted).toBe(false);
      }

      expect(call.signal.aborted).toBe(true);
    });

    it("on throw, which rejects with what was thrown", async () => {
      const call = fakeCall(["a", "b"]);
      const stream = createServerStream(call.open, undefined);
      await stream.next();
      const failure = new Error("thrown into the stream");

      await expect(stream.throw?.(failure)).rejects.toBe(failure);
      expect(call.signal.aborted).toBe(true);
    });

    it("by the caller's signal, with its reason", async () => {
      const call = fakeCall(["a"]);
      const caller = new AbortController();
      const stream = createServerStream(call.open, caller.signal);
      await stream.next();
      const waiting = stream.next();
      const reason = new ConnectError("the user closed the page", Code.Canceled);

      caller.abort(reason);

      expect(call.signal.aborted).toBe(true);
      expect(call.signal.reason).toBe(reason);
      await expect(waiting).rejects.toBe(reason);
    });

    it("from the start when the caller's signal is already aborted", async () => {
      const call = fakeCall(["a"]);
      const reason = new ConnectError("too late", Code.Canceled);

      await expect(createServerStream(call.open, AbortSignal.abort(reason)).next()).rejects.toBe(reason);
      expect(call.signal.reason).toBe(reason);
    });

    it("when reading from it fails", async () => {
      const failure = new ConnectError("no bridge", Code.Unavailable);
      const call = fakeCall(["a"], failure);
      const stream = createServerStream(call.open, undefined);
      await stream.next();

      await expect(stream.next()).rejects.toBe(failure);
      expect(call.signal.aborted).toBe(true);
    });
  });

  describe("once it is left", () => {
    it("resolves a next that is waiting with done, not with the cancellation", async () => {
      const call = fakeCall([]);
      const stream = createServerStream(call.open, undefined);
      const waiting = stream.next();

      await stream.return?.();

      expect(await waiting).toEqual({ done: true, value: undefined });
    });

    it("delivers nothing any more, also not a message that was already on its way", async () => {
      const { promise: message, resolve: deliver } = Promise.withResolvers<IteratorResult<string>>();
      const messages = { [Symbol.asyncIterator]: () => ({ next: () => message }) };
      const stream = createServerStream(() => messages, undefined);
      const waiting = stream.next();

      await stream.return?.();
      deliver({ done: false, value: "too late" });

      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    });

    it("never starts a call that had not started", async () => {
      const call = fakeCall(["a"]);
      const stream = createServerStream(call.open, undefined);

      await stream[Symbol.asyncDispose]();

      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(call.signals).toHaveLength(0);
    });

    it("stays as it is when it is left again or the caller's signal is aborted afterwards", async () => {
      const call = fakeCall(["a"]);
      const caller = new AbortController();
      const stream = createServerStream(call.open, caller.signal);
      await stream.next();
      await stream.return?.();
      const { reason } = call.signal;

      caller.abort(new Error("afterwards"));
      await stream.return?.();
      await stream[Symbol.asyncDispose]();

      expect(call.signal.reason).toBe(reason);
    });
  });

  describe("does not keep a listener on the caller's signal", () => {
    it.each([
      ["it is left", "stays open", (stream: AsyncIterator<string>) => stream.return?.()],
      ["it ends", "ends", (stream: AsyncIterator<string>) => stream.next()],
      ["it fails", new Error("broken"), (stream: AsyncIterator<string>) => stream.next().catch(() => {})],
    ] as const)("when %s", async (_, end, finish) => {
      const call = fakeCall(["a"], end);
      const { signal } = new AbortController();
      const stream = createServerStream(call.open, signal);
      await stream.next();
      expect(getEventListeners(signal, "abort")).toHaveLength(1);

      await finish(stream);

      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    });

    it("before it is started", () => {
      const { signal } = new AbortController();
      createServerStream(fakeCall([]).open, signal);

      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    });
  });

  describe("can be iterated once", () => {
    it("and is empty after its end", async () => {
      const call = fakeCall(["a"], "ends");
      const stream = createServerStream(call.open, undefined);
      await collect(stream);

      expect(await collect(stream)).toEqual([]);
      expect(call.signals).toHaveLength(1);
    });

    it("and is empty after its error", async () => {
      const call = fakeCall([], new ConnectError("broken", Code.Internal));
      const stream = createServerStream(call.open, undefined);
      await expect(stream.next()).rejects.toMatchObject({ code: Code.Internal });

      expect(await collect(stream)).toEqual([]);
      expect(call.signals).toHaveLength(1);
    });

    it("and is over when the call could not even be opened", async () => {
      const failure = new TypeError("no transport");
      const { signal } = new AbortController();
      const stream = createServerStream((): AsyncIterable<string> => {
        throw failure;
      }, signal);

      await expect(stream.next()).rejects.toBe(failure);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    });
  });
});

/**
 * A call as Connect gives it: its iterator has neither `return` nor `throw`, and a read fails with the signal's reason once
 * the signal is aborted. After its messages it stays open, ends, or fails with the given error.
 */
function fakeCall(messages: readonly string[], end: "stays open" | "ends" | Error = "stays open") {
  const signals: AbortSignal[] = [];
  return {
    signals,
    get signal(): AbortSignal {
      const signal = signals.at(-1);
      if (signal === undefined) throw new Error("the call was not opened");
      return signal;
    },
    open(signal: AbortSignal): AsyncIterable<string> {
      if (signals.length > 0) throw new Error("the call was opened twice");
      signals.push(signal);
      const rest = [...messages];
      return {
        [Symbol.asyncIterator]: () => ({
          async next(): Promise<IteratorResult<string>> {
            if (signal.aborted) throw signal.reason;
            const value = rest.shift();
            if (value !== undefined) return { done: false, value };
            if (end === "ends") return { done: true, value: undefined };
            if (end !== "stays open") throw end;
            return await rejectionBy(signal);
          },
        }),
      };
    },
  };
}

function rejectionBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
