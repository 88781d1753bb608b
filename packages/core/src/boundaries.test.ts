import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const repository = join(import.meta.dirname, "../../..");
const biome = join(repository, "node_modules/.bin/biome");
const rules = JSON.parse(readFileSync(join(repository, "biome.json"), "utf8"));
const scratch = mkdtempSync(join(tmpdir(), "resoio-boundaries-"));

const noNode = "lint/correctness/noNodejsModules";
const noNodeProtocol = "lint/style/useNodejsImportProtocol";
const noRestricted = "lint/style/noRestrictedImports";

afterAll(() => {
  rmSync(scratch, { recursive: true });
});

// The rules are in biome.json. This shows that they bite.
describe("core", () => {
  it.each([
    ["node:fs", 'import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n', [noNode, noRestricted]],
    ["the types of node:fs", 'export type { Stats } from "node:fs";\n', [noRestricted]],
    ["fs", 'import { readFileSync } from "fs";\nexport const read = readFileSync;\n', [noNode, noNodeProtocol]],
    ["node:fs/promises", 'export { readFile } from "node:fs/promises";\n', [noNode, noRestricted]],
    ["node:fs when it is needed", 'export const load = () => import("node:fs");\n', [noNode, noRestricted]],
    ["@resoio/node-uds", 'import { connect } from "@resoio/node-uds";\nexport const open = connect;\n', [noRestricted]],
    ["the types of @resoio/mock-server", 'export type { MockMod } from "@resoio/mock-server";\n', [noRestricted]],
    ["a sibling when it is needed", 'export const load = () => import("@resoio/node-uds");\n', [noRestricted]],
    ["itself by its name", 'export { Resonite } from "@resoio/core";\n', [noRestricted]],
  ])("may not import %s", (_, code, broken) => {
    expect(errorsIn("packages/core/src/x.ts", code)).toEqual(broken);
    expect(errorsIn("packages/core/src/streams/deep/x.ts", code)).toEqual(broken);
  });

  it("may not import a sub-path of a sibling", () => {
    const code = 'export { open } from "@resoio/web-proxy/client";\n';

    expect(errorsIn("packages/core/src/x.ts", code)).toEqual([noRestricted]);
  });

  it("may import Connect and its own files", () => {
    const code = 'export { Code } from "@connectrpc/connect";\nexport { Resonite } from "./resonite.js";\n';

    expect(errorsIn("packages/core/src/x.ts", code)).toEqual([]);
  });

  it("may use Node in its tests", () => {
    expect(errorsIn("packages/core/src/x.test.ts", 'export { readFile } from "node:fs/promises";\n')).toEqual([]);
  });
});

describe.each(["node-uds", "mock-server", "web-proxy", "recording", "protoc-gen-channel"])("%s", (name) => {
  it.each(["@resoio/core", "@resoio/core/internal", "@resoio/core/gen/resonite_io/v1/world_pb", "node:net"])(
    "may import %s",
    (specifier) => {
      const path = `packages/${name}/src/${name === "recording" ? "node/" : ""}x.ts`;
      expect(errorsIn(path, `export * as other from "${specifier}";\n`)).toEqual([]);
    },
  );

  it.each(["@resoio/mock-server", "@resoio/node-uds", "@resoio/web-proxy", "@resoio/cli"])(
    "may not import %s",
    (specifier) => {
      expect(errorsIn(`packages/${name}/src/x.ts`, `export * as other from "${specifier}";\n`)).toEqual([noRestricted]);
    },
  );

  it("may not import a sub-path of another sibling", () => {
    const code = 'export { open } from "@resoio/web-proxy/client";\n';

    expect(errorsIn(`packages/${name}/src/x.ts`, code)).toEqual([noRestricted]);
  });

  it("may import a sibling in its tests", () => {
    const code = 'export * as other from "@resoio/mock-server";\n';

    expect(errorsIn(`packages/${name}/src/x.test.ts`, code)).toEqual([]);
  });
});

describe("recording", () => {
  it.each(["mock-server", "web-proxy"])("may be imported by %s", (name) => {
    expect(errorsIn(`packages/${name}/src/x.ts`, 'export * as recording from "@resoio/recording";\n')).toEqual([]);
    expect(errorsIn(`packages/${name}/src/x.ts`, 'export * as files from "@resoio/recording/node";\n')).toEqual([]);
  });

  it("may not be imported by node-uds", () => {
    const code = 'export * as recording from "@resoio/recording";\n';

    expect(errorsIn("packages/node-uds/src/x.ts", code)).toEqual([noRestricted]);
  });

  it("may use Node in its folders node and bin only", () => {
    const code = 'export { readFile } from "node:fs/promises";\n';

    expect(errorsIn("packages/recording/src/node/x.ts", code)).toEqual([]);
    expect(errorsIn("packages/recording/src/bin/x.ts", code)).toEqual([]);
    expect(errorsIn("packages/recording/src/writer/x.ts", code)).toEqual([noNode, noRestricted]);
    expect(errorsIn("packages/recording/src/reader/x.ts", 'export * from "../node/file-sink.js";\n')).toEqual([
      noRestricted,
    ]);
  });
});

describe("web-proxy", () => {
  it.each(["channels", "client", "instances", "wire", "world"])(
    "may not use Node in its folder %s, which browsers load",
    (folder) => {
      const path = `packages/web-proxy/src/${folder}/x.ts`;

      expect(errorsIn(path, 'export { readFile } from "node:fs/promises";\n')).toEqual([noNode, noRestricted]);
      expect(errorsIn(path, 'export { createProxy } from "../server/create-proxy.js";\n')).toEqual([noRestricted]);
      expect(errorsIn(path, 'export { connect } from "@resoio/node-uds";\n')).toEqual([noRestricted]);
      expect(errorsIn(path, 'export { createPlayer } from "@resoio/recording";\n')).toEqual([]);
      expect(errorsIn(path, 'export { fileSink } from "@resoio/recording/node";\n')).toEqual([noRestricted]);
    },
  );

  it("may use Node in its server, and node-uds in its command", () => {
    const code = 'export { readFile } from "node:fs/promises";\n';

    expect(errorsIn("packages/web-proxy/src/server/x.ts", code)).toEqual([]);
    expect(errorsIn("packages/web-proxy/src/bin/x.ts", 'export { connect } from "@resoio/node-uds";\n')).toEqual([]);
  });
});

it("is the overrides of biome.json that draw these boundaries, nothing else", () => {
  const code = 'export { readFile } from "node:fs/promises";\nexport { connect } from "@resoio/node-uds";\n';

  expect(errorsIn("packages/core/src/x.ts", code)).toEqual([noNode, noRestricted, noRestricted]);
  expect(errorsIn("packages/core/src/x.ts", code, { ...rules, overrides: [] })).toEqual([]);
});

/** The lint errors that the repository's rules see in `code`, if that were the file `path`. In alphabetical order. */
function errorsIn(path: string, code: string, config: object = rules): readonly string[] {
  // Biome says nothing about code on its standard input but that it is wrong, so the file has to exist. Beside it is no
  // .gitignore, which the rules would want.
  writeFileSync(join(scratch, "biome.json"), JSON.stringify({ ...config, vcs: { enabled: false } }));
  const file = join(scratch, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
  const run = spawnSync(biome, ["lint", "--reporter=json", path], { cwd: scratch, encoding: "utf8" });
  rmSync(file);
  if (run.error !== undefined) throw run.error;
  const { diagnostics }: { diagnostics: { severity: string; category: string }[] } = JSON.parse(run.stdout);
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(({ category }) => category);
  expect(run.status).toBe(errors.length > 0 ? 1 : 0);
  return errors.toSorted();
}
