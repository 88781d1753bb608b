import { setImmediate as nextTurn } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { noteChannel } from "../testing/note-channel.js";
import { ArrivedMessage } from "./arrived-message.js";
import { Handlers } from "./handlers.js";

const byName = (name: string) => ({ kind: "name", name }) as const;

describe("Handlers", () => {
  it("calls those for the name, the group, and everything, in the order of their registration", () => {
    const { handlers, called, call } = setUp();
    handlers.add({ kind: "any" }, 0, () => called.push("any"));
    handlers.add(byName("NoteGone"), 0, () => called.push("name"));
    handlers.add(byName("Note"), 0, () => called.push("another name"));
    handlers.add({ kind: "group", group: "notes" }, 0, () => called.push("group"));
    handlers.add({ kind: "group", group: "others" }, 0, () => called.push("another group"));

    call();

    expect(called).toEqual(["any", "name", "group"]);
  });

  it("passes the message and the context on", () => {
    const { handlers, called, call } = setUp();
    handlers.add(byName("NoteGone"), 0, ({ message }, context) =>
      called.push(`${context}: ${"value" in message && message.value}`),
    );

    call();

    expect(called).toEqual(["context: gone"]);
  });

  it("calls a handler once that is for once, also when a message comes while it is called", () => {
    const { handlers, called, call } = setUp();
    handlers.add(
      byName("NoteGone"),
      0,
      () => {
        called.push("once");
        call();
      },
      {},
      true,
    );

    call();

    expect(called).toEqual(["once"]);
  });

  it("can be changed while handlers are called: who was taken back is not called, who is new is from the next message on", () => {
    const { handlers, called, call } = setUp();
    const takeBack = [
      handlers.add(byName("NoteGone"), 0, () => {
        called.push("first");
        for (const one of takeBack) one();
        handlers.add(byName("NoteGone"), 0, () => called.push("new"));
      }),
      handlers.add(byName("NoteGone"), 0, () => called.push("second")),
    ];
    handlers.add(byName("NoteGone"), 0, () => called.push("third"));

    call();
    expect(called).toEqual(["first", "third"]);
    call();
    expect(called).toEqual(["first", "third", "third", "new"]);
  });

  it("takes back one handler or all for a name, and does nothing for what it does not know", () => {
    const { handlers, called, call } = setUp();
    const [one, other] = [() => called.push("one"), () => called.push("other")];
    for (const handler of [one, other]) handlers.add(byName("NoteGone"), handler, handler);

    handlers.remove("NoteGone", one);
    handlers.remove("NoteGone", one);
    handlers.remove("Unheard", one);
    call();
    expect(called).toEqual(["other"]);
    handlers.remove("NoteGone");
    handlers.remove("NoteGone");
    call();
    expect(called).toEqual(["other"]);
  });

  it("lets no handler that fails, at once or later, keep the others from being called", async () => {
    const { handlers, called, call, errors } = setUp();
    handlers.add(byName("NoteGone"), 0, () => {
      throw new Error("at once");
    });
    handlers.add(byName("NoteGone"), 0, async () => {
      throw new Error("later");
    });
    handlers.add(byName("NoteGone"), 0, () => called.push("last"));

    const pending = call();
    await Promise.all(pending);

    expect(called).toEqual(["last"]);
    expect(errors.map(String)).toEqual(["Error: at once", "Error: later"]);
  });

  it("is to be waited for, unless the handler may be called again meanwhile", async () => {
    const { handlers, call, errors } = setUp();
    const gate = Promise.withResolvers<void>();
    handlers.add(byName("NoteGone"), 0, () => gate.promise);
    handlers.add(
      byName("NoteGone"),
      0,
      async () => {
        throw new Error("concurrent");
      },
      { concurrent: true },
    );
    handlers.add(byName("NoteGone"), 0, () => "not a promise");

    const pending = call();

    expect(pending).toHaveLength(1);
    gate.resolve();
    await Promise.all(pending);
    await nextTurn();
    expect(errors.map(String)).toEqual(["Error: concurrent"]);
  });

  it("knows whether anybody wants a message", () => {
    const { handlers } = setUp();
    expect(handlers.wants(gone())).toBe(false);
    const takeBack = handlers.add({ kind: "group", group: "notes" }, 0, () => {});
    expect(handlers.wants(gone())).toBe(true);
    takeBack();
    expect(handlers.wants(gone())).toBe(false);
  });
});

function gone(): ArrivedMessage {
  const definition = noteChannel.byName("NoteGone");
  if (definition === undefined) throw new Error("unreachable");
  return new ArrivedMessage(definition, toBinary(StringValueSchema, create(StringValueSchema, { value: "gone" })));
}

function setUp() {
  const handlers = new Handlers<string>();
  const called: string[] = [];
  const errors: unknown[] = [];
  const call = (): Promise<void>[] => {
    const pending: Promise<void>[] = [];
    handlers.call(gone(), "context", pending, (error) => errors.push(error));
    return pending;
  };
  return { handlers, called, errors, call };
}
