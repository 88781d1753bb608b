// Runs the generator and the compiler on copies of this repository, in which the contract can be changed.
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const repository = join(import.meta.dirname, "../../..");
const copies: string[] = [];
const generous = { timeout: 60_000 };

const copied = [
  "buf.gen.yaml",
  "buf.yaml",
  "docs/reference",
  "examples/proto",
  "proto",
  "tools/codegen",
  "tsconfig.base.json",
  ...["core", "mock-server"].flatMap((name) =>
    ["package.json", "src", "tsconfig.json", "tsconfig.build.json"].map((entry) => `packages/${name}/${entry}`),
  ),
];

afterEach(() => {
  for (const copy of copies.splice(0)) rmSync(copy, { recursive: true });
});

describe("adding one RPC to the contract", generous, () => {
  it("makes every target fail to compile until it is handled, and shows up in registry and reference", () => {
    const root = copyRepository();
    expect(compile(root, "core")).toEqual({ status: 0, output: "" });
    expect(compile(root, "mock-server")).toEqual({ status: 0, output: "" });

    addBlink(root);
    expect(generate(root)).toEqual({ status: 0, output: "" });

    const core = compile(root, "core");
    expect(core.status).not.toBe(0);
    expect(core.output).toMatch(/^packages\/core\/src\/modalities\/world\.ts.*WorldClient/m);
    expect(core.output).toContain("Property 'blink' is missing");
    const mockServer = compile(root, "mock-server");
    expect(mockServer.status).not.toBe(0);
    expect(mockServer.output).toMatch(/^packages\/mock-server\/src\/services\/world\.ts/m);
    expect(mockServer.output).toContain("Property 'blink' is missing");
    expect(read(root, "packages/core/src/gen/registry.ts")).toContain('"world.blink": {');
    expect(read(root, "docs/reference/rpcs.md")).toContain(
      "| `Blink` | unary | control | `BlinkRequest` | `BlinkResponse` | Closes the eyes for a moment. |",
    );
  });

  it("compiles again once both sides handle it", () => {
    const root = copyRepository();
    addBlink(root);
    generate(root);

    edit(
      root,
      "packages/core/src/modalities/world.ts",
      /(export class WorldClient [^{]*\{)/,
      "$1\n  async blink() {}\n",
    );
    edit(root, "packages/mock-server/src/services/world.ts", /(: WorldHandlers => \(\{)/, "$1\n  blink: () => ({}),\n");

    expect(compile(root, "core")).toEqual({ status: 0, output: "" });
    expect(compile(root, "mock-server")).toEqual({ status: 0, output: "" });
  });

  it("is refused without an access annotation", () => {
    const root = copyRepository();
    addBlink(root, ";");

    const { status, output } = generate(root);

    expect(status).toBe(1);
    expect(output).toContain("World.Blink has no access annotation");
  });
});

describe("generate", generous, () => {
  it("writes what is committed, and nothing beside it", () => {
    const root = copyRepository();
    const folders = ["packages/core/src/gen", "packages/mock-server/src/gen", "docs/reference"];
    for (const folder of folders) {
      rmSync(join(root, folder), { recursive: true });
      mkdirSync(join(root, folder));
      writeFileSync(join(root, folder, "left-over.ts"), "");
    }

    expect(generate(root)).toEqual({ status: 0, output: "" });

    for (const folder of folders) expect(contentsOf(root, folder)).toEqual(contentsOf(repository, folder));
  });

  it("changes nothing and leaves nothing behind when the contract cannot be compiled", () => {
    const root = copyRepository();
    const before = contentsOf(root, "packages/core/src/gen");
    const temporary = join(root, "temporary");
    mkdirSync(temporary);
    appendFileSync(join(root, "proto/resonite_io/v1/world.proto"), "message Unfinished {");

    const { status, output } = run(root, "node", ["tools/codegen/src/generate.ts", "--root", root], temporary);

    expect(status).toBe(1);
    expect(output).toContain("world.proto");
    expect(contentsOf(root, "packages/core/src/gen")).toEqual(before);
    expect(readdirSync(temporary).filter((name) => name.startsWith("resoio-"))).toEqual([]);
  });
});

describe("generate --check", generous, () => {
  it("passes on the committed state", () => {
    const root = copyRepository();

    expect(generate(root, "--check")).toEqual({ status: 0, output: "" });
  });

  it.each([
    ["changed", "packages/core/src/gen/registry.ts", (file: string) => appendFileSync(file, "// by hand\n")],
    ["missing", "packages/mock-server/src/gen/handlers.ts", (file: string) => rmSync(file)],
    ["left over", "docs/reference/old.md", (file: string) => writeFileSync(file, "# Old\n")],
  ])("fails for a generated file that is %s, names it and repairs nothing", (_, path, damage) => {
    const root = copyRepository();
    damage(join(root, path));
    const before = contentsOf(root, dirname(path));

    const { status, output } = generate(root, "--check");

    expect(status).toBe(1);
    expect(output.match(/^stale: .*/gm)).toEqual([`stale: ${join(root, path)}`]);
    expect(output).toContain("Run `npm run generate`");
    expect(contentsOf(root, dirname(path))).toEqual(before);
  });

  it("fails when the contract has changed, and passes again after generate", () => {
    const root = copyRepository();
    addBlink(root);

    const { status, output } = generate(root, "--check");

    expect(status).toBe(1);
    expect(output.match(/^stale: .*/gm)?.map((line) => basename(line))).toEqual([
      "registry.ts",
      "world_pb.ts",
      "handlers.ts",
      "rpcs.md",
    ]);
    generate(root);
    expect(generate(root, "--check").status).toBe(0);
  });
});

interface RunResult {
  readonly status: number | null;
  readonly output: string;
}

/** Adds `World.Blink` to the contract. `body` is what follows its signature. */
function addBlink(root: string, body = " { option (resoio.access.v1.access) = ACCESS_CONTROL; }"): void {
  const rpc = `
  // Closes the eyes for a moment. Answers at once.
  rpc Blink(BlinkRequest) returns (BlinkResponse)${body}
`;
  edit(root, "proto/resonite_io/v1/world.proto", /(service World \{)/, `$1${rpc}`);
  appendFileSync(
    join(root, "proto/resonite_io/v1/world.proto"),
    "\n// How to blink.\nmessage BlinkRequest {}\n\n// Blinked.\nmessage BlinkResponse {}\n",
  );
}

function edit(root: string, path: string, pattern: RegExp, replacement: string): void {
  const before = read(root, path);
  const after = before.replace(pattern, replacement);
  if (after === before) throw new Error(`${path} has nothing like ${pattern}`);
  writeFileSync(join(root, path), after);
}

function read(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The files of a folder, by path, with their text. */
function contentsOf(root: string, folder: string): Readonly<Record<string, string>> {
  const paths = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
  return Object.fromEntries(paths.map((path) => [path, read(root, path)]));
}

/** Runs the copy's own generator. */
function generate(root: string, ...options: readonly string[]): RunResult {
  return run(root, "node", ["tools/codegen/src/generate.ts", "--root", root, ...options]);
}

/** Compiles a package without its tests. What could be made of it is emitted also when there are errors. */
function compile(root: string, name: string): RunResult {
  return run(root, "tsc", ["-p", `packages/${name}/tsconfig.build.json`, "--pretty", "false"]);
}

function run(root: string, command: string, args: readonly string[], temporary = tmpdir()): RunResult {
  const { PATH = "" } = process.env;
  const env = { ...process.env, PATH: join(root, "node_modules/.bin") + delimiter + PATH, TMPDIR: temporary };
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: root, env, encoding: "utf8" });
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}

/** Copies what the generator and the compiler need, without tests, to a folder outside of the repository. */
function copyRepository(): string {
  const root = mkdtempSync(join(tmpdir(), "resoio-copy-"));
  copies.push(root);
  for (const path of copied) {
    cpSync(join(repository, path), join(root, path), {
      recursive: true,
      filter: (source) => !/\/(node_modules|dist|testing)$|\.test\.ts$/.test(source),
    });
  }
  linkModules(root);
  return root;
}

/** Gives the copy the repository's installed packages, but its own copies of our packages. */
function linkModules(root: string): void {
  const from = join(repository, "node_modules");
  const to = join(root, "node_modules");
  for (const entry of readdirSync(from)) {
    if (entry.startsWith("@")) {
      mkdirSync(join(to, entry), { recursive: true });
      for (const name of readdirSync(join(from, entry))) link(join(from, entry, name), join(to, entry, name));
    } else {
      link(join(from, entry), join(to, entry));
    }
  }
  for (const name of ["core", "mock-server"]) {
    rmSync(join(to, "@resoio", name), { force: true });
    link(join(root, "packages", name), join(to, "@resoio", name));
  }
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
