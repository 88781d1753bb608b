import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, it } from "vitest";
import { compileProtos, runPlugin } from "../testing/compile-protos.js";

interface Case {
  readonly rule: string;
  /** What stands in the file, below the names of package and channel. */
  readonly proto: string;
  /** What is said of the channel. Default: its name, `board`. Nothing: there is none. */
  readonly channel?: string;
  /** What is said, behind the path of the file. */
  readonly sentence: string;
}

const down = (tag: number, more = "") =>
  `option (resoio.channel.v1.message) = {tag: ${tag}, direction: DIRECTION_DOWN ${more}};`;
const key = "[(resoio.channel.v1.key) = true]";

const cases: readonly Case[] = [
  {
    rule: "a tag that two messages have",
    proto: `message Thought { ${down(3)} } message Gaze { ${down(3)} }`,
    sentence: "message Gaze has the tag 3, which Thought has: give each message its own",
  },
  {
    rule: "no tag",
    proto: "message Thought { option (resoio.channel.v1.message) = {direction: DIRECTION_UP}; }",
    sentence: "message Thought has no tag: give it a number that no message of the channel has had",
  },
  {
    rule: "a tag that is too large",
    proto: `message Thought { ${down(65_536)} }`,
    sentence: "message Thought has the tag 65536: give it one from 1 to 65535",
  },
  {
    rule: "no direction",
    proto: "message Thought { option (resoio.channel.v1.message) = {tag: 1}; }",
    sentence: "message Thought has no direction: give it DIRECTION_DOWN, DIRECTION_UP or DIRECTION_BOTH",
  },
  ...(
    [
      ["repeated string agents = 1", "agents", "a list"],
      ["map<string, string> agents = 1", "agents", "a map"],
      ["Place place = 1", "place", "a message (case.Place)"],
      ["bytes id = 1", "id", "bytes"],
      ["double x = 1", "x", "a number with a fraction"],
      ["float x = 1", "x", "a number with a fraction"],
    ] as const
  ).map(
    ([field, name, what]): Case => ({
      rule: `a key that is ${what} (${field})`,
      proto: `message Place {} message Thought { ${down(1)} ${field} ${key}; }`,
      sentence: `field ${name} of message Thought cannot be part of the key, as it is ${what}: a key is made of strings, integers, bools and enums`,
    }),
  ),
  {
    rule: "a key that is one of several",
    proto: `message Thought { ${down(1)} oneof who { string agent = 1 ${key}; string person = 2; } }`,
    sentence: "field agent of message Thought cannot be part of the key, as it is one of several (who)",
  },
  {
    rule: "a key in a message without a tag",
    proto: `message Thought { ${down(1)} } message Place { string id = 1 ${key}; }`,
    sentence:
      "field id of message Place has key, but Place is no message of a channel: give it `option (resoio.channel.v1.message)`, or leave it out",
  },
  {
    rule: "a TypeScript type in a message without a tag",
    proto: `message Thought { ${down(1)} message Inner { string id = 1 [(resoio.channel.v1.ts_type).type = "X"]; } }`,
    sentence: "field id of message Thought.Inner has ts_type, but Thought.Inner is no message of a channel",
  },
  {
    rule: "a tag on a message within another",
    proto: `message Thought { ${down(1)} message Inner { ${down(2)} } }`,
    sentence:
      "message Thought.Inner is declared in Thought and cannot be a message of the channel: move it to the top of the file",
  },
  ...[
    ['family: "F"', ""],
    ["", `string id = 1 ${key};`],
    ['removes: "Place"', ""],
  ].map(
    ([option, field]): Case => ({
      rule: `unique beside a key (${option}${field})`,
      proto: `message Place { ${down(2, 'family: "Place"')} } message Thought { ${down(1, `unique: true ${option}`)} ${field} }`,
      sentence: "message Thought is unique and has a key: leave out unique, or the key fields, family and removes",
    }),
  ),
  {
    rule: "a tombstone of a family that nothing is of",
    proto: `message Marker { ${down(1)} string id = 1 ${key}; }
            message RemoveMarker { ${down(2, 'removes: "Marke"')} string id = 1 ${key}; }`,
    sentence: "message RemoveMarker removes the family Marke, which no other message is of: the channel has Marker",
  },
  {
    rule: "a tombstone of the family of tombstones only",
    proto: `message RemoveMarker { ${down(2, 'removes: "RemoveMarker"')} string id = 1 ${key}; }`,
    sentence:
      "message RemoveMarker removes the family RemoveMarker, which no other message is of: the channel has none",
  },
  {
    rule: "a tombstone with a family of its own",
    proto: `message Marker { ${down(1)} string id = 1 ${key}; }
            message RemoveMarker { ${down(2, 'removes: "Marker" family: "Marker"')} string id = 1 ${key}; }`,
    sentence:
      "message RemoveMarker has both family and removes: a tombstone is of the first family that it removes, leave out family",
  },
  {
    rule: "a tombstone whose key can equal no key of the family",
    proto: `message Marker { ${down(1)} string id = 1 ${key}; }
            message RemoveMarker { ${down(2, 'removes: "Marker"')} uint32 id = 1 ${key}; }`,
    sentence:
      "message RemoveMarker has the key fields (integer), but Marker of the family Marker has (string): give them the same number of " +
      "key fields, of the same types, in the same order of field numbers",
  },
  {
    rule: "messages of one family with different keys",
    proto: `message Marker { ${down(1)} string id = 1 ${key}; bool left = 2 ${key}; }
            message MarkerText { ${down(2, 'family: "Marker"')} bool left = 1 ${key}; string id = 2 ${key}; }`,
    sentence:
      "message MarkerText has the key fields (bool, string), but Marker of the family Marker has (string, bool)",
  },
  {
    rule: "a family with a slash",
    proto: `message Thought { ${down(1, 'family: "a/b"')} }`,
    sentence: 'message Thought has the family "a/b": give it a name without a slash',
  },
  {
    rule: "a group that is not in lower_snake_case",
    proto: `message Thought { ${down(1, 'groups: "sceneParts"')} }`,
    sentence: 'message Thought has the group "sceneParts": give it a name in lower_snake_case',
  },
  {
    rule: "a group twice",
    proto: `message Thought { ${down(1, 'groups: ["scene", "scene"]')} }`,
    sentence: 'message Thought has "scene" twice in groups: once is enough',
  },
  {
    rule: "two groups with one name in TypeScript",
    proto: `message Thought { ${down(1, 'groups: ["a1", "a_1"]')} }`,
    sentence: "the file has two things that would be called A1Message, the group a1 and the group a_1: rename one",
  },
  {
    rule: "a group that takes the name of a message",
    proto: `message SceneMessage { ${down(1, 'groups: "scene"')} }`,
    sentence:
      "message SceneMessage would be called SceneMessage in the generated code, and so would the group scene: rename one",
  },
  {
    rule: "a message that takes a name of the channel",
    proto: `message BoardDown { ${down(1)} }`,
    sentence:
      "message BoardDown would be called BoardDown in the generated code, and so would the channel board: rename one",
  },
  {
    rule: "a name that is none",
    channel: 'name: "my board"',
    proto: `message Thought { ${down(1)} }`,
    sentence:
      'the file names its channel "my board": give it a name of lower-case letters and digits, words joined by a hyphen',
  },
  {
    rule: "a channel without a name",
    channel: "version: 2",
    proto: `message Thought { ${down(1)} }`,
    sentence: 'the file names its channel ""',
  },
  {
    rule: "an oldest version above the newest",
    channel: 'name: "board", version: 2, min_version: 3',
    proto: `message Thought { ${down(1)} }`,
    sentence: "the file gives its channel min_version 3, which is above its version 2",
  },
  {
    rule: "a channel without messages",
    proto: "message Thought {}",
    sentence:
      "the file names the channel board, of which no message is: give messages `option (resoio.channel.v1.message)`",
  },
  {
    rule: "messages without a channel",
    channel: "",
    proto: `message Thought { ${down(1)} }`,
    sentence:
      "message Thought has a tag, but no file of the package case names a channel: add " +
      '`option (resoio.channel.v1.channel) = {name: "..."};` to one of them',
  },
  ...(
    [
      ['type: ""', 'has the ts_type "": give it one type, on one line, without comments'],
      ['type: "A; export const b = 1"', "give it one type, on one line, without comments"],
      ['type: "A /* b"', "give it one type, on one line, without comments"],
      ['type: "Id", names: "Id"', "has names in its ts_type, but does not say where they come from: give it `from`"],
      [
        'type: "Id", from: "../id"',
        'has a ts_type from "../id": give it a path that begins with ./ or ../ and ends in .js',
      ],
      ['type: "Id", from: "/id.js"', 'has a ts_type from "/id.js": give it a path'],
      ['type: "Id", from: "a\\" + b + \\""', "has a ts_type from"],
      [
        'type: "Id[]", from: "./id.js"',
        'has the ts_type "Id[]", which is more than a name: say in `names` what of it is imported from ./id.js',
      ],
      ['type: "Id[]", from: "./id.js", names: "Ids"', 'imports "Ids" for its ts_type "Id[]", where that name is not'],
      ['type: "Ids", from: "./id.js", names: "Id"', 'imports "Id" for its ts_type "Ids", where that name is not'],
    ] as const
  ).map(
    ([option, what]): Case => ({
      rule: `a TypeScript type that cannot be (${option})`,
      proto: `message Thought { ${down(1)} string id = 1 [(resoio.channel.v1.ts_type) = {${option}}]; }`,
      sentence: what,
    }),
  ),
  {
    rule: "a TypeScript type of one of several",
    proto: `message Thought { ${down(1)} oneof who { string id = 1 [(resoio.channel.v1.ts_type).type = "X"]; } }`,
    sentence: "field id of message Thought has a ts_type, but is one of several (who)",
  },
];

describe("annotations that no channel can be made of", () => {
  let files: readonly FileDescriptorProto[];
  beforeAll(() => {
    files = compileProtos({
      ...Object.fromEntries(cases.map((one, index) => [pathOf(index), protoOf(one, index)])),
      "twice/a.proto": `${protoHead("twice")} message A { ${down(1)} }`,
      "twice/b.proto": `${protoHead("twice", { channel: 'name: "other"' })} message B { ${down(2)} }`,
      "many/board.proto": `${protoHead("many")} message A { ${down(0)} bytes id = 1 ${key}; } message B { ${down(70_000)} }`,
      "user.proto": 'syntax = "proto3"; package user; import "many/board.proto"; message User { many.A a = 1; }',
    });
  });

  it.each(cases.map((one, index) => ({ ...one, index })))("are refused: $rule", ({ sentence, index }) => {
    const { error, file } = runPlugin(files, [pathOf(index)]);

    expect(file).toEqual([]);
    expect(error.replaceAll(`case${index}`, "case")).toContain(sentence);
    expect(error).toMatch(new RegExp(`^case${index}/board\\.proto: `));
    expect(error.split("\n")).toHaveLength(1);
  });

  it("are refused: two files of a package that name a channel", () => {
    expect(runPlugin(files, ["twice/a.proto", "twice/b.proto"]).error).toBe(
      "twice/b.proto: the file names a channel of the package twice, as twice/a.proto does: let one file name it",
    );
  });

  it("are told all at once, a line each", () => {
    expect(runPlugin(files, ["many/board.proto"]).error.split("\n")).toEqual([
      expect.stringContaining("field id of message A cannot be part of the key"),
      expect.stringContaining("message A has no tag"),
      expect.stringContaining("message B has the tag 70000"),
    ]);
  });

  it("do not matter in files that are only imported", () => {
    expect(runPlugin(files, ["user.proto"])).toMatchObject({ error: "", file: [] });
  });
});

function pathOf(index: number): string {
  return `case${index}/board.proto`;
}

function protoOf({ proto, channel = 'name: "board"' }: Case, index: number): string {
  return `${protoHead(`case${index}`, { channel })} ${proto}`;
}

function protoHead(packageName: string, { channel = 'name: "board"' } = {}): string {
  const option = channel === "" ? "" : `option (resoio.channel.v1.channel) = {${channel}};`;
  return `syntax = "proto3"; package ${packageName}; import "resoio/channel/v1/options.proto"; ${option}`;
}
