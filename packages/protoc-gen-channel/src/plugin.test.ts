// The plugin run by buf, as an application runs it; and what comes out, compiled as strictly as our own code, and run.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Application } from "./testing/application.js";
import { compileProtos, runPlugin, textOf } from "./testing/compile-protos.js";

const head = 'syntax = "proto3"; package lab.v1; import "resoio/channel/v1/options.proto";';
const lab = `// Everything in the lab.
${head}
import "lab/v1/place.proto";
option (resoio.channel.v1.channel) = {name: "robot-lab", version: 3, min_version: 2};

// Puts a tool on a bench. Ends no comment */ too early.
message Tool {
  option (resoio.channel.v1.message) = {tag: 4, direction: DIRECTION_DOWN, groups: ["bench_tools", "all"]};
  string name = 2 [(resoio.channel.v1.key) = true];
  int64 bench = 1 [(resoio.channel.v1.key) = true];
  Side side = 3 [(resoio.channel.v1.key) = true];
  optional bool left_handed = 4 [(resoio.channel.v1.key) = true];
  fixed64 serial = 5;
  Place at = 6;
  repeated string labels = 7 [(resoio.channel.v1.ts_type) = {type: "Label[]", from: "../../../labels.js", names: "Label"}];
  optional string owner = 8 [(resoio.channel.v1.ts_type) = {type: "Person", from: "../../../labels.js"}];
}

// Takes it away.
message RemoveTool {
  option (resoio.channel.v1.message) = {tag: 5, direction: DIRECTION_DOWN, removes: "Tool", groups: "all"};
  uint32 bench = 1 [(resoio.channel.v1.key) = true];
  string name = 2 [(resoio.channel.v1.key) = true];
  Side side = 3 [(resoio.channel.v1.key) = true];
  bool left_handed = 4 [(resoio.channel.v1.key) = true];
}

// Its names are those of what generated code imports.
message Channel {
  option (resoio.channel.v1.message) = {tag: 300, direction: DIRECTION_DOWN, family: "Light", ordering: ORDERING_IN_PLACE};
  Message message = 1;
}

message Pick {
  option (resoio.channel.v1.message) = {tag: 6, direction: DIRECTION_DOWN};
  string id = 1 [(resoio.channel.v1.key) = true];
}

message Message {
  option (resoio.channel.v1.message) = {tag: 1, direction: DIRECTION_BOTH, unique: true, transient: true};
  string gen_message = 1 [(resoio.channel.v1.ts_type).type = "\\"on\\" | \\"off\\""];
}

enum Side {
  SIDE_UNSPECIFIED = 0;
  SIDE_BACK = 1;
}`;
const place = `${head}

// Says where a robot is to go.
message Place {
  option (resoio.channel.v1.message) = {tag: 2, direction: DIRECTION_UP};
  double x = 1;
}`;
const edition = `edition = "2023"; package lab.v2; import "resoio/channel/v1/options.proto";
option (resoio.channel.v1.channel).name = "lab";
message Tool {
  option (resoio.channel.v1.message) = {tag: 1, direction: DIRECTION_DOWN};
  string name = 1 [(resoio.channel.v1.key) = true];
  uint32 bench = 2 [(resoio.channel.v1.key) = true, features.field_presence = IMPLICIT];
}`;
const labels = `export type Label = "sharp" | "hot";\nexport type Person = string & { readonly person: true };\n`;
const generous = { timeout: 60_000 };
const channelPath = "src/gen/lab/v1/robot_lab_channel.ts";

describe("the channel that buf generates", () => {
  const application = new Application({
    "lab/v1/lab.proto": lab,
    "lab/v1/place.proto": place,
    "lab/v2/lab.proto": edition,
  });
  beforeAll(() => {
    application.write("src/labels.ts", labels);
    expect(application.generate()).toEqual({ status: 0, output: "" });
  });
  afterAll(() => application[Symbol.dispose]());

  it("compiles as strictly as our own code", generous, () => {
    application.write("src/use.ts", use);

    expect(application.compile()).toEqual({ status: 0, output: "" });
  });

  it(
    "does not compile with a message that goes the wrong way, or a value that the author's types do not allow",
    generous,
    () => {
      application.write("src/use.ts", `${use}\nsend("Tool", { labels: ["cold"] });\nsend("Place", { x: 1 });\n`);
      const { status, output } = application.compile();
      application.write("src/use.ts", use);

      expect(status).not.toBe(0);
      expect(output).toMatch(/Type '"cold"' is not assignable to type 'Label'/);
      expect(output).toMatch(/Argument of type '"Place"' is not assignable to parameter of type/);
    },
  );

  it("does not compile when the author's type is none of the field's", generous, () => {
    application.write("src/labels.ts", labels.replace('"sharp" | "hot"', "number"));
    const { status, output } = application.compile();
    application.write("src/labels.ts", labels);

    expect(status).not.toBe(0);
    expect(output).toMatch(/^src\/gen\/lab\/v1\/robot_lab_channel\.ts.*does not satisfy the constraint/m);
  });

  it("says what the annotations say, and fingerprints what the types at run time are", generous, () => {
    const imported = "isAllMessage, isBenchToolsMessage, isRobotLabUpMessage, robotLabChannel";
    application.write("run.ts", `import { ${imported} } from "./src/gen/lab/v1/robot_lab_channel.js";\n${report}`);
    const { status, output } = application.run(
      "esbuild",
      "run.ts",
      "--bundle",
      "--platform=node",
      "--format=esm",
      "--outfile=run.mjs",
      "--log-level=error",
    );
    expect({ status, output }).toEqual({ status: 0, output: "" });

    expect(JSON.parse(application.run("node", "run.mjs").output)).toEqual({
      name: "robot-lab",
      version: { min: 2, max: 3 },
      messages: [
        "1 Message both, no key, transient, goes up",
        "2 Place up, no key, goes up",
        "4 Tool down, key Tool/7/hammer/1/%, groups bench_tools all, is all, is a tool",
        "5 RemoveTool down, key Tool/7/hammer/1/true, removes Tool, groups all, is all",
        "6 Pick down, key Pick/",
        "300 Channel down, key Light, in-place",
      ],
    });
  });

  it("compiles as JavaScript with declarations, too", generous, () => {
    using other = new Application({
      "lab/v1/lab.proto": lab,
      "lab/v1/place.proto": place,
      "lab/v2/lab.proto": edition,
    });
    other.edit("buf.gen.yaml", "target=ts", "target=js+dts");
    other.write("src/labels.ts", labels);
    other.write("src/use.ts", use);

    expect(other.generate()).toEqual({ status: 0, output: "" });
    expect(other.read("src/gen/lab/v2/lab_channel.js")).toContain("defineChannelSchema({");
    expect(other.compile()).toEqual({ status: 0, output: "" });
  });

  it("lists the messages by ascending tag, whatever the order of the files", () => {
    const tags = [...application.read(channelPath).matchAll(/^ {6}tag: (\d+),$/gm)].map(([, tag]) => Number(tag));

    expect(tags).toEqual([1, 2, 4, 5, 6, 300]);
  });

  it("carries the comments over, and lets none end early", () => {
    const text = application.read(channelPath);

    expect(text).toContain("// Everything in the lab.");
    expect(text).toContain("   * Puts a tool on a bench. Ends no comment *\\/ too early.\n");
    expect(text).toContain("   * Says where a robot is to go.\n");
  });
});

it("leaves a channel alone whose file was only imported", () => {
  const protos = compileProtos({ "lab/v1/lab.proto": lab, "lab/v1/place.proto": place });

  expect(runPlugin(protos, ["lab/v1/place.proto"])).toMatchObject({ error: "", file: [] });
  expect(runPlugin(protos, ["lab/v1/lab.proto"]).file).toHaveLength(1);
});

it("tells the author through buf what is wrong with the annotations, without a stack", generous, () => {
  using application = new Application({
    "lab/v1/lab.proto": lab.replace("tag: 5", "tag: 4"),
    "lab/v1/place.proto": place,
  });
  const { status, output } = application.generate();

  expect(status).not.toBe(0);
  expect(output).toContain(
    "lab/v1/lab.proto: message RemoveTool has the tag 4, which Tool has: give each message its own",
  );
  expect(output).not.toMatch(/^\s+at /m);
});

describe("a fingerprint that the plugin writes", () => {
  const variants = {
    comments: lab.replaceAll(/^\/\/.*$/gm, "// Something else."),
    order: `${lab.slice(0, lab.indexOf("// Puts"))}${lab.slice(lab.indexOf("enum Side"))}\n${lab.slice(lab.indexOf("// Puts"), lab.indexOf("enum Side"))}`,
    keys: lab.replace('family: "Light"', "unique: true").replace("transient: true", "transient: false"),
    number: lab.replace("labels = 7", "labels = 9"),
    type: lab.replace("fixed64 serial", "fixed32 serial"),
    tag: lab.replace("tag: 300", "tag: 301"),
    direction: lab.replace("tag: 300, direction: DIRECTION_DOWN", "tag: 300, direction: DIRECTION_BOTH"),
    value: lab.replace("SIDE_BACK = 1", "SIDE_BACK = 2"),
    version: lab.replace("version: 3", "version: 4"),
  };
  const original = fingerprintOf("lab", lab);

  it.each(["comments", "order", "keys"] as const)("does not depend on %s, nor on the name of the file", (name) => {
    expect(fingerprintOf(name, variants[name])).toBe(original);
  });

  it.each(["number", "type", "tag", "direction", "value", "version"] as const)("changes with the %s", (name) => {
    expect(fingerprintOf(name, variants[name])).not.toBe(original);
  });
});

/** The fingerprint of the channel in a file of that name, as the plugin writes it. */
function fingerprintOf(fileName: string, text: string): string {
  const path = `lab/v1/${fileName}.proto`;
  const protos = compileProtos({ [path]: text, "lab/v1/place.proto": place });
  const generated = textOf(runPlugin(protos, [path, "lab/v1/place.proto"]), "lab/v1/robot_lab_channel.ts");
  const [, fingerprint] = /^ {2}fingerprint: "([0-9a-f]{16})",$/m.exec(generated) ?? [];
  if (fingerprint === undefined) throw new Error(`no fingerprint in ${generated}`);
  return fingerprint;
}

/** How an application uses what is generated. `send` is what a server of the channel would offer. */
const use = `import { create, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { DownName } from "@resoio/web-proxy/channels";
import { keyOfTool as keyOfOtherTool, labChannel, type LabUpMessage } from "./gen/lab/v2/lab_channel.js";
import {
  isAllMessage,
  isBenchToolsMessage,
  isRobotLabUpMessage,
  keyOfChannel,
  keyOfTool,
  robotLabChannel,
  type AllMessage,
  type RobotLabDown,
  type RobotLabDownMessage,
  type RobotLabUpMessage,
  type Tool,
  ToolSchema,
} from "./gen/lab/v1/robot_lab_channel.js";
import { Side } from "./gen/lab/v1/lab_pb.js";
import { type Place, PlaceSchema } from "./gen/lab/v1/place_pb.js";
import type { Label } from "./labels.js";

export function send<Name extends DownName<typeof robotLabChannel>>(
  name: Name,
  init: MessageInitShape<RobotLabDown[Name]>,
): string {
  return \`\${name} \${JSON.stringify(init)}\`;
}
send("Tool", { name: "hammer", bench: 7n, labels: ["hot"], at: { x: 1 } });
send("Message", { genMessage: "on" });
send("Channel", { message: {} });

export const labels: Label[] = create(ToolSchema, { bench: 1n }).labels;
export const key: string = keyOfTool({ bench: 7n, name: "hammer", side: Side.BACK }) + keyOfChannel();
export const up: RobotLabUpMessage = create(PlaceSchema);
export const names = (message: Message): string | number | undefined => {
  if (isBenchToolsMessage(message)) return message.name;
  if (isRobotLabUpMessage(message)) return message.$typeName === "lab.v1.Place" ? message.x : message.genMessage;
  return isAllMessage(message) ? message.bench.toString() : undefined;
};
export const serial = (message: RobotLabDownMessage): bigint | undefined =>
  message.$typeName === "lab.v1.Tool" ? message.serial : undefined;
export const both = (message: AllMessage): Tool | undefined => (message.$typeName === "lab.v1.Tool" ? message : undefined);
export type Goal = Place;
export const other: string = keyOfOtherTool({ name: "a", bench: 1 }) + labChannel.name;
export const nothing: Record<LabUpMessage, string> = {};
`;

/** A program that prints what a schema says of its messages. */
const report = `import { create } from "@bufbuild/protobuf";
const example = { bench: 7, name: "hammer", side: 1 };
const messages = robotLabChannel.messages.map((message) => {
  const { name, tag, direction, schema, removes, groups, transient, ordering } = message;
  const init = name === "Tool" ? { ...example, bench: 7n } : name === "RemoveTool" ? { ...example, leftHanded: true } : {};
  const key = message.keyOf(create(schema, init));
  return [
    \`\${tag} \${name} \${direction}\`,
    key === undefined ? "no key" : \`key \${key}\`,
    ...(removes.length > 0 ? [\`removes \${removes.join(" ")}\`] : []),
    ...(groups.length > 0 ? [\`groups \${groups.join(" ")}\`] : []),
    ...(transient ? ["transient"] : []),
    ...(ordering === "last" ? [] : [ordering]),
    ...(isAllMessage(create(schema)) ? ["is all"] : []),
    ...(isBenchToolsMessage(create(schema)) ? ["is a tool"] : []),
    ...(isRobotLabUpMessage(create(schema)) ? ["goes up"] : []),
  ].join(", ");
});
console.log(JSON.stringify({ name: robotLabChannel.name, version: robotLabChannel.version, messages }));
`;
