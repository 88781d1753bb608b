import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

const repository = join(import.meta.dirname, "../../../..");

/** What a command did: its exit code, and what it printed on both streams. */
export interface CommandResult {
  readonly status: number | null;
  readonly output: string;
}

/** A folder with `.proto` files in `proto/`, in which our packages are installed, as in a user's application. */
export class Application implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "resoio-application-"));

  constructor(protos: Readonly<Record<string, string>>) {
    symlinkSync(join(repository, "node_modules"), join(this.folder, "node_modules"));
    this.write("package.json", JSON.stringify({ type: "module" }));
    this.write("buf.yaml", bufConfig);
    this.write("buf.gen.yaml", bufTemplate);
    this.write("tsconfig.json", compilerConfig);
    for (const [path, text] of Object.entries(protos)) this.write(`proto/${path}`, text);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** Replaces `from`, which has to be there. */
  edit(path: string, from: string, to: string): void {
    const text = this.read(path);
    if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`);
    this.write(path, text.replaceAll(from, to));
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** The paths of everything in it but the packages, which belong to everybody. */
  list(): readonly string[] {
    const own = readdirSync(this.folder, { recursive: true, encoding: "utf8" });
    return own.filter((path) => !path.startsWith("node_modules")).toSorted();
  }

  /** `buf generate`, as a user runs it. */
  generate(): CommandResult {
    return this.run("buf", "generate");
  }

  /** Compiles everything as strictly as our own code. */
  compile(): CommandResult {
    return this.run("tsc", "-p", ".");
  }

  /** Runs a command that npm installed. */
  run(command: string, ...args: readonly string[]): CommandResult {
    const { PATH = "" } = process.env;
    // A task runner may ask for colours, which would stand between the words that tests look for.
    const { FORCE_COLOR: _, ...inherited } = process.env;
    const env = { ...inherited, NO_COLOR: "1", PATH: `${join(repository, "node_modules/.bin")}${delimiter}${PATH}` };
    return resultOf(spawnSync(command, args, { cwd: this.folder, env, encoding: "utf8" }));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

function resultOf({ status, stdout, stderr, error }: SpawnSyncReturns<string>): CommandResult {
  if (error !== undefined) throw error;
  return { status, output: stdout + stderr };
}

const bufConfig = `version: v2
modules:
  - path: proto
  - path: node_modules/@resoio/protoc-gen-channel/proto
`;

const bufTemplate = `version: v2
inputs:
  - directory: proto
plugins:
  - local: protoc-gen-es
    out: src/gen
    opt: [target=ts, import_extension=js, "rewrite_imports=./resoio/channel/**/*:@resoio/core/gen"]
  - local: protoc-gen-resoio-channel
    out: src/gen
    opt: [target=ts, import_extension=js]
`;

const compilerConfig = JSON.stringify({
  extends: join(repository, "tsconfig.base.json"),
  compilerOptions: { noEmit: true, isolatedDeclarations: true },
  include: ["src"],
});
