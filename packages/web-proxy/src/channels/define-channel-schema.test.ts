import { create } from "@bufbuild/protobuf";
import type { PictureFrame, PictureWatchRequest } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { PictureFrameSchema, PictureWatchRequestSchema } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { HeaderFieldSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { describe, expect, expectTypeOf, it } from "vitest";
import { channelKey } from "./channel-key.js";
import type { ChannelSchema, DownMessages, DownName, UpInits, UpName } from "./channel-schema.js";
import { ChannelSchemaError } from "./channel-schema-error.js";
import { defineChannelSchema } from "./define-channel-schema.js";
import type { MessageDefinition } from "./message-definition.js";

const show = defineChannelSchema({
  name: "picture-show",
  version: { min: 2, max: 3 },
  messages: {
    Watch: {
      tag: 9,
      schema: PictureWatchRequestSchema,
      direction: "up",
      keyOf: (message) => channelKey("Watch", message.maxWidth),
      ordering: "in-place",
    },
    Frame: { tag: 2, schema: PictureFrameSchema, direction: "down", groups: ["pictures"], transient: true },
    Note: { tag: 3, schema: HeaderFieldSchema, direction: "both" },
  },
});

describe("a channel schema", () => {
  it("says of each message what was said, and fills in what was left out", () => {
    expect(show).toMatchObject({ name: "picture-show", version: { min: 2, max: 3 } });
    expect(show.byName("Watch")).toMatchObject({
      name: "Watch",
      tag: 9,
      direction: "up",
      schema: PictureWatchRequestSchema,
      family: "Watch",
      removes: [],
      groups: [],
      transient: false,
      ordering: "in-place",
    });
    expect(show.byName("Frame")).toMatchObject({
      family: undefined,
      groups: ["pictures"],
      transient: true,
      ordering: "last",
    });
  });

  it("lists the messages by ascending tag", () => {
    expect(show.messages.map(({ name }) => name)).toEqual(["Frame", "Note", "Watch"]);
  });

  it("finds a message by name, tag and type, and nothing by others", () => {
    const watch = show.byName("Watch");

    expect(show.byTag(9)).toBe(watch);
    expect(show.byTypeName("resoio.web.v1.PictureWatchRequest")).toBe(watch);
    expect([show.byName("toString"), show.byTag(1), show.byTypeName("Watch")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("knows the key of a message, and that some have none", () => {
    const message = create(PictureWatchRequestSchema, { maxWidth: 640 });

    expect(show.byName("Watch")?.keyOf(message)).toBe("Watch/640");
    expect(show.byName("Frame")?.keyOf(create(PictureFrameSchema))).toBeUndefined();
  });

  it("divides the messages by direction; what travels both ways is on both sides", () => {
    expect(show.down).toEqual({ Frame: PictureFrameSchema, Note: HeaderFieldSchema });
    expect(show.up).toEqual({ Watch: PictureWatchRequestSchema, Note: HeaderFieldSchema });
  });

  it("speaks version 1 when nothing is said", () => {
    expect(defineChannelSchema({ name: "empty", messages: {} })).toMatchObject({
      version: { min: 1, max: 1 },
      messages: [],
    });
  });

  it("has a fingerprint, and each message one, that change with what both ends must agree on", () => {
    const note = { schema: HeaderFieldSchema, direction: "both" } as const;
    const one = defineChannelSchema({ name: "a", messages: { Note: { ...note, tag: 1 } } });
    const same = defineChannelSchema({ name: "a", messages: { Note: { ...note, tag: 1, transient: true } } });
    const other = defineChannelSchema({ name: "a", messages: { Note: { ...note, tag: 2 } } });
    const newer = defineChannelSchema({
      name: "a",
      version: { min: 2, max: 2 },
      messages: { Note: { ...note, tag: 1 } },
    });

    expect(one.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect([same.fingerprint, same.byTag(1)?.fingerprint]).toEqual([one.fingerprint, one.byTag(1)?.fingerprint]);
    expect(other.fingerprint).not.toBe(one.fingerprint);
    expect(newer.fingerprint).not.toBe(one.fingerprint);
    expect(other.byTag(2)?.fingerprint).not.toBe(one.byTag(1)?.fingerprint);
  });
});

describe("the types of a channel schema", () => {
  it("know what travels which way", () => {
    expectTypeOf<DownName<typeof show>>().toEqualTypeOf<"Frame" | "Note">();
    expectTypeOf<UpName<typeof show>>().toEqualTypeOf<"Watch" | "Note">();
    expectTypeOf<DownMessages<typeof show>["Frame"]>().toEqualTypeOf<PictureFrame>();
    expectTypeOf<{ maxWidth: number }>().toExtend<UpInits<typeof show>["Watch"]>();
    expectTypeOf<PictureWatchRequest>().toExtend<UpInits<typeof show>["Watch"]>();
    expectTypeOf(show).toExtend<ChannelSchema>();
  });

  it("refuse a message in the direction that it does not travel", () => {
    const broadcast = <Schema extends ChannelSchema>(_: Schema, name: DownName<Schema>): string => name;

    expect(broadcast(show, "Frame")).toBe("Frame");
    // @ts-expect-error Watch only travels up.
    expect(broadcast(show, "Watch")).toBe("Watch");
  });

  it("refuse a key of a field that the message does not have", () => {
    defineChannelSchema({
      name: "wrong-key",
      messages: {
        Note: {
          tag: 1,
          schema: HeaderFieldSchema,
          direction: "both",
          // @ts-expect-error HeaderField has no field agent.
          keyOf: (message) => channelKey("Note", message.agent),
        },
      },
    });
  });
});

describe("a definition that contradicts itself", () => {
  const note = { tag: 1, schema: HeaderFieldSchema, direction: "both" } as const;
  const keyed = { ...note, keyOf: () => "Note" };
  const end = { ...keyed, tag: 2, schema: PictureFrameSchema };

  it.each<[string, Record<string, MessageDefinition>, string]>([
    [
      "two messages with one tag",
      { Note: note, Frame: { ...note, schema: PictureFrameSchema } },
      "the tag 1 stands for two messages of the channel board, Note and Frame: give each its own",
    ],
    [
      "two messages of one type",
      { Note: note, Remark: { ...note, tag: 2 } },
      "the type resoio.web.v1.HeaderField stands for two messages of the channel board, Note and Remark: give each its own",
    ],
    [
      "a tag of 0",
      { Note: { ...note, tag: 0 } },
      "Note of the channel board has the tag 0: give it a whole number from",
    ],
    ["a tag that is too large", { Note: { ...note, tag: 65_536 } }, "has the tag 65536"],
    ["a tag that is not whole", { Note: { ...note, tag: 1.5 } }, "has the tag 1.5"],
    ["a name that is none", { "my-note": note }, "my-note of the channel board cannot have that name"],
    [
      "a family without a key",
      { Note: { ...note, family: "Note" } },
      "Note of the channel board is of a family but has no key: give it keyOf",
    ],
    ["a tombstone without a key", { Note: { ...note, removes: ["Note"] } }, "is of a family but has no key"],
    [
      "a family with a slash",
      { Note: { ...keyed, family: "a/b" } },
      'is of the family "a/b": give it a name without a',
    ],
    [
      "a tombstone that is of another family",
      { Note: keyed, End: { ...end, family: "End", removes: ["Note"] } },
      "End of the channel board removes Note and is of the family End: a tombstone is of the family that it removes",
    ],
    [
      "a tombstone of a family that nothing is of",
      { Note: keyed, End: { ...end, removes: ["Note", "Nota"] } },
      "End of the channel board removes the family Nota, which no other message is of: it has Note",
    ],
    [
      "a message that was generated for another type",
      { Note: { ...note, fingerprint: "0123456789abcdef" } },
      "Note of the channel board was generated for another resoio.web.v1.HeaderField (fingerprint 0123456789abcdef)",
    ],
  ])("is refused: %s", (_, messages, sentence) => {
    expect(() => defineChannelSchema({ name: "board", messages })).toThrow(ChannelSchemaError);
    expect(() => defineChannelSchema({ name: "board", messages })).toThrow(sentence);
  });

  it.each(["", "Board", "my board", "a--b", "-a", "7up", "a/b"])("is refused: the name %j", (name) => {
    expect(() => defineChannelSchema({ name, messages: {} })).toThrow(
      `${JSON.stringify(name)} cannot be the name of a channel`,
    );
  });

  it.each([
    [0, 1],
    [2, 1],
    [1, 1.5],
  ])("is refused: the versions %d to %d", (min, max) => {
    expect(() => defineChannelSchema({ name: "board", version: { min, max }, messages: {} })).toThrow(
      `the channel board speaks versions ${min} to ${max}: they must be whole numbers from 1 on`,
    );
  });

  it("is refused: a channel that was generated for other messages", () => {
    expect(() =>
      defineChannelSchema({ name: "board", fingerprint: "0123456789abcdef", messages: { Note: note } }),
    ).toThrow("the channel board was generated for other messages (fingerprint 0123456789abcdef) than those it is");
  });

  it("is not: fingerprints that are right", () => {
    const { fingerprint, messages } = defineChannelSchema({ name: "board", messages: { Note: note } });
    const generated = { ...note, fingerprint: messages[0]?.fingerprint ?? "" };

    expect(defineChannelSchema({ name: "board", fingerprint, messages: { Note: generated } }).byTag(1)).toBeDefined();
  });
});
