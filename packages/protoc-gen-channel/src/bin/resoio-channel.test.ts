// The command in an application of its own: mostly in this process, and as npm installs it where that matters.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Application, type CommandResult } from "../testing/application.js";
import { main } from "./resoio-channel.js";

const board = `syntax = "proto3";
package board.v1;
import "resoio/channel/v1/options.proto";
option (resoio.channel.v1.channel) = {name: "board"};

message Thought {
  option (resoio.channel.v1.message) = {tag: 1, direction: DIRECTION_DOWN, groups: "scene"};
  string agent = 1 [(resoio.channel.v1.key) = true];
  Place at = 2;
}

message Marker {
  option (resoio.channel.v1.message) = {tag: 2, direction: DIRECTION_BOTH, transient: true};
  string id = 1 [(resoio.channel.v1.key) = true, (resoio.channel.v1.ts_type) = {type: "Id", from: "../../../id.js"}];
}

message Place {
  double x = 1;
}
`;
const protoPath = "proto/board/v1/board.proto";
const channelPath = "src/gen/board/v1/board_channel.ts";
const advice = "Generated files do not match the .proto files. Generate them again and commit the result.\n";
const generous = { timeout: 60_000 };

describe("resoio-channel check", generous, () => {
  const application = new Application({ "board/v1/board.proto": board });
  const check = (...args: string[]) => run("check", "--root", application.folder, ...args);
  let fresh: ReadonlyMap<string, string>;
  beforeAll(() => {
    application.write("src/id.ts", "export type Id = string & { readonly marker: true };\n");
    expect(application.generate()).toEqual({ status: 0, output: "" });
    fresh = new Map(
      ["board_channel.ts", "board_pb.ts"].map((name) => {
        const path = `src/gen/board/v1/${name}`;
        return [path, application.read(path)];
      }),
    );
  });
  beforeEach(() => {
    rmSync(join(application.folder, "src/gen"), { recursive: true });
    for (const [path, text] of fresh) application.write(path, text);
    application.write(protoPath, board);
  });
  afterAll(() => application[Symbol.dispose]());

  it("is content with files that are fresh, and leaves everything as it is", () => {
    const before = application.list();

    expect(application.run("resoio-channel", "check")).toEqual({ status: 0, output: "" });
    expect(application.list()).toEqual(before);
  });

  it("names what has changed in the .proto: tags, directions, fields, messages, and types that messages hold", () => {
    application.edit(protoPath, "tag: 1, direction: DIRECTION_DOWN", "tag: 7, direction: DIRECTION_UP");
    application.edit(
      protoPath,
      "message Place {",
      "message Cursor {\n  option (resoio.channel.v1.message) = {tag: 8, direction: DIRECTION_UP};\n}\n\nmessage Place {",
    );
    application.edit(protoPath, "  string id = 1", "  uint32 size = 2;\n  string id = 1");

    const { status, output } = check();

    expect(status).toBe(1);
    expect(output).toContain(`stale: ${channelPath}
  Thought: tag is 1 in the file, 7 in the .proto; programs built from the two refuse each other
  Thought: direction is "down" in the file, "up" in the .proto; programs built from the two refuse each other
  Marker: the file lacks \`uint32 size = 2\`
  Cursor: in the .proto, not in the file
`);
    expect(output).toContain("stale: src/gen/board/v1/board_pb.ts\n");
    expect(output.endsWith(advice)).toBe(true);
  });

  it("names a tag that stands for another message", () => {
    application.edit(protoPath, "tag: 1,", "tag: 9,");
    application.edit(protoPath, "tag: 2,", "tag: 1,");

    expect(check().output).toContain(
      `stale: ${channelPath}\n  tag 1 is Thought in the file, Marker in the .proto; programs built from the two refuse each other\n`,
    );
  });

  it("names a change in a type that a message holds", () => {
    application.edit(protoPath, "double x", "float x");

    expect(check().output).toContain(`stale: ${channelPath}\n  Thought: a type that it holds has changed\nstale:`);
  });

  it("shows no descriptor, but says when nothing else has changed", () => {
    application.edit(protoPath, "transient: true", "transient: false");

    expect(check().output).toBe(
      [
        `stale: ${channelPath}`,
        "  Marker: transient is true in the file, left out in the .proto",
        "stale: src/gen/board/v1/board_pb.ts",
        "  the descriptor in it",
        advice,
      ].join("\n"),
    );
  });

  it("does not mind how the lines end", () => {
    for (const [path, text] of fresh) application.write(path, text.replaceAll("\n", "\r\n"));

    expect(check()).toEqual({ status: 0, output: "" });
  });

  it("shows the lines of a file that somebody has edited", () => {
    application.edit(channelPath, 'channelKey("Thought", message.agent)', '"Thought"');

    expect(check()).toEqual({
      status: 1,
      output: `stale: ${channelPath}
  -   return "Thought";
  +   return channelKey("Thought", message.agent);
${advice}`,
    });
  });

  it("misses files that are not there, and names those that nothing makes any more", () => {
    rmSync(join(application.folder, "src/gen"), { recursive: true });
    application.write("src/gen/board/v0/board_channel.ts", fresh.get(channelPath) ?? "");
    application.write("src/gen/own.ts", "export {};\n");

    expect(check()).toEqual({
      status: 1,
      output: [
        "left over: src/gen/board/v0/board_channel.ts",
        "missing: src/gen/board/v1/board_channel.ts",
        "missing: src/gen/board/v1/board_pb.ts",
        advice,
      ].join("\n"),
    });
  });

  it("notices a ts_type from a module that is not there", () => {
    application.edit(protoPath, "../../../id.js", "../../ids.js");
    application.write(channelPath, (fresh.get(channelPath) ?? "").replace("../../../id.js", "../../ids.js"));

    const { status, output } = check();

    expect(status).toBe(1);
    expect(output).toContain(`broken: ${channelPath}\n  imports ../../ids.js, which is not there\n`);
  });

  it("takes the template that it is given, relative to the root that it is given", () => {
    application.write("elsewhere/other.yaml", application.read("buf.gen.yaml"));

    expect(check("--template", "elsewhere/other.yaml")).toEqual({ status: 0, output: "" });
    expect(run("check", "--root", join(application.folder, "elsewhere")).output).toMatch(
      /there is no .*elsewhere\/buf\.gen\.yaml: say with --template/,
    );
  });

  it("compares channels with the descriptors that protoc writes, without buf", () => {
    application.run("buf", "build", "--output", "set.binpb");
    const args = ["--descriptors", "set.binpb", "--out", "src/gen", "--opt", "target=ts,import_extension=js"];

    expect(check(...args)).toEqual({ status: 0, output: "" });

    const javaScript = check("--descriptors", "set.binpb", "--out", "src/gen", "--opt", "target=js+dts");
    expect(javaScript.output).toBe(
      [
        "missing: src/gen/board/v1/board_channel.d.ts",
        "missing: src/gen/board/v1/board_channel.js",
        `left over: ${channelPath}`,
        advice,
      ].join("\n"),
    );

    application.edit(channelPath, 'groups: ["scene"]', 'groups: ["other"]');
    expect(check(...args)).toEqual({
      status: 1,
      output: `stale: ${channelPath}\n  Thought: groups is ["other"] in the file, ["scene"] in the .proto\n${advice}`,
    });
  });

  it.each<[string, readonly string[], () => void, string | RegExp]>([
    [
      "a template that is not there",
      ["--template", "no.yaml"],
      () => {},
      /there is no .*no\.yaml: say with --template/,
    ],
    [
      "a template without plugins",
      ["--template", "empty.yaml"],
      () => application.write("empty.yaml", "version: v2\n"),
      /empty\.yaml has no list of plugins/,
    ],
    [
      "a plugin that does not say where it writes to",
      ["--template", "nowhere.yaml"],
      () => application.write("nowhere.yaml", "plugins: [local: protoc-gen-es]\n"),
      /a plugin in .*nowhere\.yaml does not say where it writes to: give it `out`/,
    ],
    [
      "a plugin that writes outside of the root",
      ["--template", "outside.yaml"],
      () => application.write("outside.yaml", "plugins: [{local: protoc-gen-es, out: src/../../gen}]\n"),
      /writes to src\/\.\.\/\.\.\/gen, outside of .*: run this where its output is, with --root/,
    ],
    [
      "a template of which nothing is a channel",
      ["--template", "es.yaml"],
      () =>
        application.write(
          "es.yaml",
          "version: v2\ninputs: [directory: proto]\nplugins: [{local: protoc-gen-es, out: gen}]\n",
        ),
      "no channel was generated: run protoc-gen-resoio-channel",
    ],
    [
      "descriptors that are not there",
      ["--descriptors", "no.binpb", "--out", "gen"],
      () => {},
      /there is no .*no\.binpb/,
    ],
    [
      "descriptors that are none",
      ["--descriptors", "package.json", "--out", "gen"],
      () => {},
      /package\.json holds no descr/,
    ],
    ["descriptors without a folder", ["--descriptors", "set.binpb"], () => {}, "--descriptors needs --out"],
    ["an option that it does not have", ["--colour"], () => {}, "Unknown option '--colour'"],
  ])("says what to do, and exits with 2: %s", (_, args, arrange, sentence) => {
    arrange();
    const { status, output } = check(...args);

    expect(output).toMatch(sentence);
    expect(status).toBe(2);
  });

  it("shows what buf says when the annotations are wrong, without a stack, and exits with 2", () => {
    application.edit(protoPath, "tag: 2", "tag: 1");
    const { status, output } = application.run("resoio-channel", "check");

    expect(output).toContain("board/v1/board.proto: message Marker has the tag 1, which Thought has");
    expect(output).toContain("resoio-channel: `buf generate --template buf.gen.yaml` failed, as said above\n");
    expect(output).not.toMatch(/^\s+at /m);
    expect(status).toBe(2);
  });
});

describe("resoio-channel", () => {
  it("explains itself, and does not take other commands", () => {
    expect(run("--help")).toMatchObject({
      status: 0,
      output: expect.stringContaining("resoio-channel check --template"),
    });
    expect(run()).toMatchObject({ status: 2, output: expect.stringContaining("resoio-channel check --template") });
    expect(run("chek")).toEqual({ status: 2, output: "resoio-channel: there is no command chek; see --help\n" });
  });
});

/** Runs the command in this process. */
function run(...args: readonly string[]): CommandResult {
  let output = "";
  const print = (text: unknown): void => {
    output += `${text}\n`;
  };
  const status = main(args, { log: print, error: print });
  return { status, output };
}
