import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CodeBlock } from "./code-block.ts";
import { runNode } from "./run-node.ts";

interface Manifest {
  readonly name?: string;
  readonly workspaces?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/**
 * Finds commands that name what the repository does not have: npm scripts, programs for `npx`, options of our own programs,
 * files for `node`, packages. Other commands are not looked at. Relative paths begin in the root of the repository.
 */
export class ShellCommands {
  readonly #root: string;
  readonly #manifest: Manifest;
  readonly #packages = new Map<string, Manifest>();
  /** Where the programs of our own packages are. */
  readonly #programs = new Map<string, string>();
  readonly #help = new Map<string, Promise<string>>();

  /** @param root The root of the repository. */
  constructor(root: string) {
    this.#root = root;
    this.#manifest = readManifest(join(root, "package.json"));
    const folders = (this.#manifest.workspaces ?? []).map((folder) => `${folder}/package.json`);
    for (const file of globSync(folders, { cwd: root })) {
      const manifest = readManifest(join(root, file));
      this.#packages.set(manifest.name ?? file, manifest);
      for (const [program, path] of Object.entries(manifest.bin ?? {})) {
        this.#programs.set(program, join(root, file, "..", path));
      }
    }
  }

  /** What is wrong with the commands of a block, as lines that name its file. Empty when nothing is. */
  async findProblems({ file, line, code }: CodeBlock): Promise<readonly string[]> {
    const problems: string[] = [];
    let command = "";
    for (const [index, text] of code.split("\n").entries()) {
      command += text.replace(/\\$/, " ");
      if (text.endsWith("\\")) continue;
      for (const words of splitCommands(command)) {
        for await (const complaint of this.#complain(words)) problems.push(`${file}:${line + 1 + index} ${complaint}`);
      }
      command = "";
    }
    return problems;
  }

  async *#complain([command = "", ...words]: readonly string[]): AsyncGenerator<string> {
    for (const name of words.filter((word) => /^@resoio\/[\w-]+$/.test(word))) {
      if (!this.#packages.has(name)) yield `there is no package ${name}`;
    }
    const [first = "", second = ""] = words.filter((word) => !word.startsWith("-"));
    if (command === "npm" && ["start", "test"].includes(first)) yield* this.#complainOfScript(first, words);
    if (command === "npm" && ["run", "run-script"].includes(first)) yield* this.#complainOfScript(second, words);
    if (command === "npm" && ["exec", "x"].includes(first)) yield* this.#complainOfProgram(second, words);
    if (command === "npx") yield* this.#complainOfProgram(first, words);
    if (this.#programs.has(command)) yield* this.#complainOfProgram(command, words);
    if (command === "node" && first !== "" && !existsSync(join(this.#root, first))) yield `there is no file ${first}`;
  }

  *#complainOfScript(script: string, words: readonly string[]): Generator<string> {
    const [, name] = /(?:^| )(?:-w|--workspace)[ =](\S+)/.exec(words.join(" ")) ?? [];
    const { scripts = {} } = name === undefined ? this.#manifest : (this.#packages.get(name) ?? {});
    if (!(script in scripts)) yield `there is no npm script "${script}"${name === undefined ? "" : ` in ${name}`}`;
  }

  async *#complainOfProgram(program: string, words: readonly string[]): AsyncGenerator<string> {
    const path = this.#programs.get(program);
    if (path === undefined) {
      if (!existsSync(join(this.#root, "node_modules/.bin", program))) yield `there is no program ${program}`;
      return;
    }
    const help = await this.#helpOf(path);
    for (const word of words.slice(words.indexOf(program) + 1)) {
      const [option] = /^--?[a-z][a-z-]*/.exec(word) ?? [];
      if (option !== undefined && !new RegExp(`(?<![\\w-])${option}(?![\\w-])`).test(help)) {
        yield `${program} has no option ${option}`;
      }
    }
  }

  #helpOf(path: string): Promise<string> {
    const known = this.#help.get(path);
    if (known !== undefined) return known;
    const help = runNode([path, "--help"], { cwd: this.#root, timeoutMs: 15_000 }).then(
      ({ failure, stdout, stderr }) => {
        if (failure !== undefined) throw new Error(`${path} --help ${failure}: ${stderr}`);
        return stdout;
      },
    );
    this.#help.set(path, help);
    return help;
  }
}

/** The commands of a line, each in words, without comments, prompts and variables. */
function splitCommands(line: string): string[][] {
  return line
    .replace(/(^|\s)#.*$/, "")
    .split(/&&|\|\||[;|&]/)
    .map((command) =>
      command
        .trim()
        .replace(/^\$\s+/, "")
        .replace(/^(?:\w+=\S*\s+)+/, ""),
    )
    .filter((command) => command !== "")
    .map((command) => command.split(/\s+/));
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8"));
}
