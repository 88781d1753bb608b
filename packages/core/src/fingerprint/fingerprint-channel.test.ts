import { create, createFileRegistry, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  EnumDescriptorProtoSchema,
  EnumValueDescriptorProtoSchema,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { fingerprintChannel, fingerprintMessage } from "./fingerprint-channel.js";

type Field = MessageInitShape<typeof FieldDescriptorProtoSchema>;

const agent = { name: "agent", number: 1, type: Type.STRING, label: Label.OPTIONAL };
const side = { name: "side", number: 2, type: Type.ENUM, typeName: ".board.v1.Side", label: Label.OPTIONAL };
const marks = { name: "marks", number: 3, type: Type.MESSAGE, typeName: ".board.v1.Mark", label: Label.REPEATED };
const x = { name: "x", number: 1, type: Type.DOUBLE, label: Label.OPTIONAL };
const cause = { name: "cause", number: 2, type: Type.MESSAGE, typeName: ".board.v1.Thought", label: Label.OPTIONAL };
const left = { name: "SIDE_LEFT", number: 0 };
const right = { name: "SIDE_RIGHT", number: 1 };
const both = { name: "SIDE_BOTH", number: 2 };

/** A file with the message Thought, which holds messages Mark, which hold messages Thought, and values of the enum Side. */
interface BoardFile {
  readonly thought: readonly Field[];
  readonly mark: readonly Field[];
  readonly side: readonly { readonly name: string; readonly number: number }[];
  readonly fileName: string;
  /** What a field of Thought with `oneofIndex` 0 belongs to. */
  readonly oneof: string;
  readonly markFirst: boolean;
}

const board: BoardFile = {
  thought: [agent, side, marks],
  mark: [x, cause],
  side: [left, right, both],
  fileName: "board/v1/board.proto",
  oneof: "who",
  markFirst: false,
};
const original = fingerprint({});

describe("the fingerprint of a message", () => {
  it("stays what it is from release to release: peers of different ages compare it", () => {
    expect(original).toBe("2651d0223574e3cf");
  });

  it.each<[string, Partial<BoardFile>]>([
    ["the order of fields", { thought: [marks, agent, side] }],
    ["the order of messages", { markFirst: true }],
    ["the order of enum values", { side: [left, both, right] }],
    ["the name of the file", { fileName: "elsewhere.proto" }],
    ["what is deprecated", { thought: [{ ...agent, options: { deprecated: true } }, side, marks] }],
  ])("does not depend on %s", (_, changed) => {
    expect(fingerprint(changed)).toBe(original);
  });

  it.each<[string, Partial<BoardFile>]>([
    ["a field more", { thought: [agent, side, marks, { ...x, number: 4 }] }],
    ["a field less", { thought: [agent, marks] }],
    ["the name of a field", { thought: [{ ...agent, name: "who" }, side, marks] }],
    ["the number of a field", { thought: [{ ...agent, number: 9 }, side, marks] }],
    ["the type of a field", { thought: [{ ...agent, type: Type.BYTES }, side, marks] }],
    ["whether a field is a list", { thought: [agent, side, { ...marks, label: Label.OPTIONAL }] }],
    [
      "whether a field can be absent",
      { oneof: "_agent", thought: [{ ...agent, oneofIndex: 0, proto3Optional: true }, side, marks] },
    ],
    ["whether a field is one of several", { thought: [{ ...agent, oneofIndex: 0 }, side, marks] }],
    ["a field of a message that it holds", { mark: [{ ...x, type: Type.FLOAT }, cause] }],
    ["the number of an enum value that it holds", { side: [left, { ...right, number: 3 }, both] }],
    ["the name of an enum value that it holds", { side: [left, { ...right, name: "SIDE_R" }, both] }],
  ])("changes with %s", (_, changed) => {
    expect(fingerprint(changed)).not.toBe(original);
  });

  it("changes with tag, name, direction and type", () => {
    const base = { name: "Thought", tag: 1, direction: "down", schema: messageIn(board, "board.v1.Thought") } as const;
    const others = [
      { ...base, tag: 2 },
      { ...base, name: "Idea" },
      { ...base, direction: "up" as const },
      { ...base, schema: messageIn(board, "board.v1.Mark") },
    ];

    expect(new Set([base, ...others].map(fingerprintMessage)).size).toBe(5);
  });
});

describe("the fingerprint of a channel", () => {
  const messages = [
    { tag: 1, fingerprint: "aaaa" },
    { tag: 2, fingerprint: "bbbb" },
  ];
  const channel = { name: "board", version: { min: 1, max: 2 }, messages };

  it("does not depend on the order of the messages", () => {
    const reversed = { ...channel, messages: messages.toReversed() };

    expect(fingerprintChannel(reversed)).toBe(fingerprintChannel(channel));
  });

  it("changes with its name, its versions, its messages and their fingerprints", () => {
    const others = [
      { ...channel, name: "other" },
      { ...channel, version: { min: 2, max: 2 } },
      { ...channel, version: { min: 1, max: 3 } },
      { ...channel, messages: messages.slice(1) },
      { ...channel, messages: [{ tag: 1, fingerprint: "aaab" }, ...messages.slice(1)] },
    ];

    expect(new Set([channel, ...others].map(fingerprintChannel)).size).toBe(6);
  });
});

function fingerprint(changed: Partial<BoardFile>): string {
  const schema = messageIn({ ...board, ...changed }, "board.v1.Thought");
  return fingerprintMessage({ name: "Thought", tag: 1, direction: "down", schema });
}

function messageIn({ thought, mark, side, fileName, oneof, markFirst }: BoardFile, typeName: string): DescMessage {
  const fieldsOf = (fields: readonly Field[]) => fields.map((field) => create(FieldDescriptorProtoSchema, field));
  const usesOneof = thought.some(({ oneofIndex }) => oneofIndex === 0);
  const messageType = [
    create(DescriptorProtoSchema, {
      name: "Thought",
      field: fieldsOf(thought),
      oneofDecl: usesOneof ? [{ name: oneof }] : [],
    }),
    create(DescriptorProtoSchema, { name: "Mark", field: fieldsOf(mark) }),
  ];
  const value = side.map((one) => create(EnumValueDescriptorProtoSchema, one));
  const file = create(FileDescriptorProtoSchema, {
    name: fileName,
    package: "board.v1",
    syntax: "proto3",
    messageType: markFirst ? messageType.toReversed() : messageType,
    enumType: [create(EnumDescriptorProtoSchema, { name: "Side", value })],
  });
  const message = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage(typeName);
  if (message === undefined) throw new Error(`${typeName} is not in the file`);
  return message;
}
