// What docs/channels.md tells users to write is generated, compiled and checked here.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Application } from "./testing/application.js";

const page = readFileSync(join(import.meta.dirname, "../../../docs/channels.md"), "utf8");
const [, proto = ""] = /^```proto\n(.*?)^```$/ms.exec(page) ?? [];

it("is true what the page on channels says about generating and checking", { timeout: 60_000 }, () => {
  // A block that is a file begins with its path, as a comment.
  const files = [...page.matchAll(/^```\w+\n(?:\/\/|#) (\S+)\n(.*?)^```$/gms)];
  expect(files.map(([, path]) => path)).toEqual(["proto/board/v1/board.proto", "buf.yaml", "buf.gen.yaml"]);
  using application = new Application({});
  for (const [, path = "", text = ""] of files) application.write(path, text);

  expect(application.generate()).toEqual({ status: 0, output: "" });
  expect(application.compile()).toEqual({ status: 0, output: "" });
  expect(application.run("resoio-channel", "check")).toEqual({ status: 0, output: "" });

  const generated = application.read("src/gen/board/v1/board_channel.ts");
  const exported = [...generated.matchAll(/^export (?:type|const|function) (\w+)/gm)].map(([, name]) => name);
  const named = ["boardChannel", "BoardDown", "BoardUp", "BoardDownMessage", "BoardUpMessage", "isBoardDownMessage"];
  const others = ["isBoardUpMessage", "PictureMessage", "isPictureMessage", "keyOfMarker", "MarkerColour"];
  expect(exported).toEqual(expect.arrayContaining([...named, ...others, "MarkerColourSchema"]));
});

it("is true what the page says of annotations that contradict each other", { timeout: 60_000 }, () => {
  const [said = ""] = /^board\/v1\/board\.proto: .*?(?=^```$)/ms.exec(page) ?? [];
  using application = new Application({ "board/v1/board.proto": proto });

  application.edit("proto/board/v1/board.proto", "float y = 3;", "float y = 3 [(resoio.channel.v1.key) = true];");
  application.edit("proto/board/v1/board.proto", 'removes: ["Marker",', 'removes: ["Markers",');

  expect(said).not.toBe("");
  expect(application.generate().output).toContain(said);
});

it("is true what the page says that a check says", { timeout: 60_000 }, () => {
  const [said = ""] = /^stale: .*?(?=^```$)/ms.exec(page) ?? [];
  const path = "proto/board/v1/board.proto";
  using application = new Application({ "board/v1/board.proto": proto });
  application.generate();

  application.edit(path, "{tag: 1,", "{tag: 7,");
  application.edit(path, "  float y = 3;", "  float y = 3;\n  float z = 4;");
  application.write(
    path,
    `${application.read(path)}message Cursor { option (resoio.channel.v1.message) = {tag: 8, direction: DIRECTION_UP}; }`,
  );

  expect(said).not.toBe("");
  expect(application.run("resoio-channel", "check").output.startsWith(said)).toBe(true);
});
