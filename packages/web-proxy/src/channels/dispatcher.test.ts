import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema, UInt32ValueSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { type NoteChannel, noteChannel } from "../testing/note-channel.js";
import type { ReceivedMessage } from "./batch-reader.js";
import type { DownMessages } from "./channel-schema.js";
import { Dispatcher, type MalformedPolicy } from "./dispatcher.js";
import { MessageListeners } from "./message-listeners.js";

describe("Dispatcher", () => {
  it("calls who listens, in the order of the listeners, with the message and the context", () => {
    const { dispatch, listeners, called } = setUp(2);
    listeners[1]?.on("NoteGone", ({ value }, context) => called.push(`second ${value} ${context}`));
    listeners[0]?.on("NoteGone", ({ value }) => called.push(`first ${value}`));
    listeners[0]?.onAny(({ name }) => called.push(`any ${name}`));
    listeners[0]?.onGroup("notes", (named) => {
      if (named.name === "NoteGone") called.push(`group ${named.message.value}`);
    });

    dispatch(gone("x"));

    expect(called).toEqual(["first x", "any NoteGone", "group x", "second x context"]);
  });

  it("gives all messages of a group out in one go, then waits for what has to be waited for", async () => {
    const { dispatch, listeners, called } = setUp();
    const gate = Promise.withResolvers<void>();
    listeners[0]?.on("NoteGone", async ({ value }) => {
      called.push(value);
      await gate.promise;
      called.push(`${value} is done`);
    });

    const pending = dispatch(gone("a"), gone("b"));
    expect(called).toEqual(["a", "b"]);
    gate.resolve();
    await pending;

    expect(called).toEqual(["a", "b", "a is done", "b is done"]);
  });

  it("has nothing to wait for when handlers are through at once", () => {
    const { dispatch, listeners } = setUp();
    listeners[0]?.on("NoteGone", () => {});

    expect(dispatch(gone("a"))).toBeUndefined();
  });

  describe("a message that cannot be decoded", () => {
    it("ends the call, and nothing of its group is given out", () => {
      const { dispatch, listeners, called, dispatcher } = setUp();
      listeners[0]?.on("NoteGone", ({ value }) => called.push(value));

      expect(() => dispatch(gone("a"), broken)).toThrow(expect.objectContaining({ code: Code.InvalidArgument }));
      expect(called).toEqual([]);
      expect(dispatcher.counts).toEqual({ received: 2, unknown: 0, malformed: 1 });
    });

    it("is reported and skipped when that is wanted", () => {
      const { dispatch, listeners, called, errors } = setUp(1, "skip");
      listeners[0]?.on("NoteGone", ({ value }) => called.push(value));

      dispatch(broken);
      dispatch(gone("b"));

      expect(called).toEqual(["b"]);
      expect(errors).toEqual([
        ["NoteGone", expect.stringContaining("bytes that are not a google.protobuf.StringValue")],
      ]);
    });

    it("is not looked at when nobody wants it", () => {
      const { dispatch, errors } = setUp();

      expect(dispatch(broken)).toBeUndefined();
      expect(errors).toEqual([]);
    });
  });

  it("refuses what must not come this way", () => {
    const { dispatch } = setUp();
    const say = { tag: 6, payload: toBinary(UInt32ValueSchema, create(UInt32ValueSchema, { value: 1 })) };

    expect(() => dispatch(say)).toThrow("Say came from the server, which may not send it");
  });

  it("gives messages of unknown types out as they came, and reports what goes wrong there", async () => {
    const { dispatch, listeners, called, errors, dispatcher } = setUp();
    listeners[0]?.onUnknown(({ tag, payload }, context) => called.push(`${tag} ${payload.byteLength} ${context}`));
    listeners[0]?.onUnknown(() => {
      throw new Error("at once");
    });
    const takeBack = listeners[0]?.onUnknown(async () => {
      throw new Error("later");
    });

    await dispatch({ tag: 99, payload: Uint8Array.of(1, 2) });
    takeBack?.();
    dispatch({ tag: 99, payload: new Uint8Array(0) });

    expect(called).toEqual(["99 2 context", "99 0 context"]);
    expect(errors.map(([, error]) => error)).toEqual(["Error: at once", "Error: later", "Error: at once"]);
    expect(dispatcher.counts).toEqual({ received: 2, unknown: 2, malformed: 0 });
  });

  it("reports what handlers throw, with the name of the message", () => {
    const { dispatch, listeners, errors } = setUp();
    listeners[0]?.on("NoteGone", () => {
      throw new Error("broken handler");
    });
    dispatch(gone("a"));

    expect(errors).toEqual([["NoteGone", "Error: broken handler"]]);
  });
});

const broken: ReceivedMessage = { tag: 2, payload: Uint8Array.of(0xff) };

function gone(value: string): ReceivedMessage {
  const init: MessageInitShape<typeof StringValueSchema> = { value };
  return { tag: 2, payload: toBinary(StringValueSchema, create(StringValueSchema, init)) };
}

function setUp(count = 1, malformed: MalformedPolicy = "close") {
  const listeners = Array.from({ length: count }, () => new MessageListeners<DownMessages<NoteChannel>, string>());
  const called: string[] = [];
  const errors: [string | undefined, string][] = [];
  const dispatcher = new Dispatcher<string>({
    schema: noteChannel,
    direction: "down",
    listeners,
    context: () => "context",
    malformed,
    onError: (error, name) => errors.push([name, String(error)]),
    onArrived: undefined,
  });
  return {
    dispatcher,
    listeners,
    called,
    errors,
    dispatch: (...messages: readonly ReceivedMessage[]) => dispatcher.dispatch(messages),
  };
}
