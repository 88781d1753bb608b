import { symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { startMockServer } from "@resoio/mock-server";
import type { CodeBlock } from "./code-block.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./create-temporary-folder.ts";
import { preludes } from "./preludes.ts";
import { runNode } from "./run-node.ts";

const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/**
 * Blocks of Markdown as programs: each is written to a module of its own, all are type-checked together, each can be run.
 *
 * The code stands on the same lines in the module as in the Markdown file, so that every message names the right one.
 */
export class BlockPrograms implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly #typeErrors = new Map<CodeBlock, string[]>();

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  /**
   * Writes and type-checks the blocks. They live in the ignored folder `examples/dist` until this is disposed of.
   *
   * Fails when the compiler complains about something else than a block.
   */
  static async create(blocks: readonly CodeBlock[]): Promise<BlockPrograms> {
    const folder = await createTemporaryFolder(join(import.meta.dirname, "../dist"), "markdown-");
    const programs = new BlockPrograms(folder);
    try {
      // What a reader generates lies beside the program.
      await symlink(join(import.meta.dirname, "../gen"), join(folder.path, "gen"), "junction");
      for (const block of blocks) await programs.#write(block);
      await programs.#typeCheck(blocks);
      return programs;
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * What is wrong with a block, as lines that name its file. Empty when nothing is. A block without type errors is run,
   * in an empty folder, beside a simulated mod that it finds as it would find the real one. It has to end by itself
   * within `timeoutMs` milliseconds, with exit code 0 and nothing on stderr.
   */
  async findProblems(block: CodeBlock, { timeoutMs }: { readonly timeoutMs: number }): Promise<readonly string[]> {
    const typeErrors = this.#typeErrors.get(block);
    if (typeErrors === undefined) throw new Error(`${block.file}:${block.line} is not among the blocks of this set`);
    if (typeErrors.length > 0) return typeErrors;

    await using folder = await createTemporaryFolder(tmpdir(), "resoio-block-");
    await using mod = await startMockServer();
    const path = this.#pathOf(block);
    const { failure, stdout, stderr } = await runNode([path], {
      cwd: folder.path,
      timeoutMs,
      env: { RESONITE_IO_SOCKET: mod.socketPath, RESONITE_IO_SOCKET_DIR: dirname(mod.socketPath) },
    });
    if (failure === undefined && stderr === "") return [];
    return [
      `${block.file}:${block.line} ${failure ?? "wrote to stderr"}`,
      stderr.replaceAll(pathToFileURL(path).href, block.file),
      stdout === "" ? "" : `It had printed: ${stdout.slice(0, 1000)}`,
    ].filter((text) => text !== "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }

  async #write(block: CodeBlock): Promise<void> {
    const { file, line, info, code } = block;
    const errors: string[] = [];
    this.#typeErrors.set(block, errors);
    const [keyword = "given", ...names] = info;
    if (keyword !== "given") errors.push(`${file}:${line} "${keyword}" behind the fence: expected "given" and names`);
    const unknown = names.filter((name) => !preludes.has(name));
    if (unknown.length > 0) {
      const known = [...preludes.keys()].join(", ");
      errors.push(`${file}:${line} cannot be given ${unknown.join(", ")}: testing/preludes.ts knows ${known}`);
    }
    const prelude = names.map((name) => preludes.get(name) ?? "").join(" ");
    await writeFile(this.#pathOf(block), `${prelude.replace(/\s+/g, " ")}${"\n".repeat(line)}${code}\n`);
  }

  async #typeCheck(blocks: readonly CodeBlock[]): Promise<void> {
    const { path: cwd } = this.#folder;
    await writeFile(join(cwd, "tsconfig.json"), JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }));
    const { failure, stdout, stderr } = await runNode([tsc, "--pretty", "false"], { cwd, timeoutMs: 100_000 });
    if (failure === undefined) return;

    const byName = new Map(blocks.map((block) => [nameOf(block), block]));
    // A message begins in the first column; what belongs to it is indented.
    const messages = stdout.split(/\r?\n(?=\S)/).filter((text) => text.trim() !== "");
    for (const message of messages) {
      const [, name = "", line, column, error] = /^([^(]+)\((\d+),(\d+)\): error (.+)$/s.exec(message.trimEnd()) ?? [];
      const block = byName.get(name);
      if (block === undefined) throw new Error(`tsc ${failure}, and not because of a block: ${stderr}${message}`);
      const place = Number(line) > block.line ? `${line}:${column}` : `${block.line} in what is given:`;
      this.#typeErrors.get(block)?.push(`${block.file}:${place} ${error}`);
    }
    if (messages.length === 0) throw new Error(`tsc ${failure}: ${stderr}`);
  }

  #pathOf(block: CodeBlock): string {
    return join(this.#folder.path, nameOf(block));
  }
}

function nameOf({ file, line }: CodeBlock): string {
  return `${file.replace(/[^\w.-]/g, "-")}-${line}.ts`;
}
