import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { BlockPrograms } from "./testing/block-programs.ts";
import { type CodeBlock, findCodeBlocks, isProgram, isShell } from "./testing/code-block.ts";
import { ShellCommands } from "./testing/shell-commands.ts";

// Every run is a process with a simulated mod beside it.
vi.setConfig({ maxConcurrency: 2 });

const root = join(import.meta.dirname, "..");

/** What users and contributors read. */
const files = globSync(["README.md", "CONTRIBUTING.md", "{*,*/*}/README.md", "docs/*.md", "docs/modalities/*.md"], {
  cwd: root,
  exclude: (path) => path.includes("node_modules"),
}).sort();
const blocks = files.flatMap((file) => findCodeBlocks(file, readFileSync(join(root, file), "utf8")));

/** A block that must not pass. */
interface Flaw {
  /** What is wrong with it. */
  readonly flaw: string;
  /** What stands behind the fence, which is line 1 of its file. */
  readonly fence: string;
  /** The code, from line 2. */
  readonly code: string;
  /** What is said about it. */
  readonly says: RegExp;
  /** How long it may run, in milliseconds. */
  readonly timeoutMs?: number;
}

const flaws: readonly Flaw[] = [
  {
    flaw: "has a type error",
    fence: "ts",
    code: `console.log("one");\nconst count: number = "two";\nconsole.log(count);`,
    says: /^[\w/]+\.md:3:7 TS2322: Type 'string' is not assignable to type 'number'\.$/,
  },
  {
    flaw: "declares what it does not use",
    fence: "ts",
    code: `const unused = 1;`,
    says: /\.md:2:7 TS6133: 'unused' is declared but/,
  },
  {
    flaw: "imports what is not there",
    fence: "typescript",
    code: `import { nothing } from "@resoio/nothing";\nconsole.log(nothing);`,
    says: /\.md:2:25 TS2307: Cannot find module '@resoio\/nothing'/,
  },
  {
    flaw: "uses what it has not asked for",
    fence: "ts",
    code: `console.log(resonite.camera);`,
    says: /\.md:2:13 TS2304: Cannot find name 'resonite'/,
  },
  {
    flaw: "asks for what it does not use",
    fence: "ts given transport",
    code: `console.log("walking");`,
    says: /\.md:1 in what is given: TS6133: 'transport' is declared but/,
  },
  {
    flaw: "asks for what cannot be given",
    fence: "ts given bicycle",
    code: `console.log("riding");`,
    says: /\.md:1 cannot be given bicycle: testing\/preludes\.ts knows resonite,/,
  },
  {
    flaw: "has other words behind its fence",
    fence: "ts title=hello",
    code: `console.log("hello");`,
    says: /\.md:1 "title=hello" behind the fence: expected "given" and names$/,
  },
  {
    flaw: "throws",
    fence: "ts",
    code: `console.log("so far, so good");\n\nthrow new Error("thrown");`,
    says: /^[\w/]+\.md:1 ended with exit code 1\n.*Error: thrown\n +at [\w/]+\.md:4:7\n.*had printed: so far, so good\n$/s,
  },
  {
    flaw: "leaves a rejection unhandled",
    fence: "ts",
    code: `void Promise.reject(new Error("unhandled"));`,
    says: /\.md:1 ended with exit code 1\n.*Error: unhandled\n/s,
  },
  {
    flaw: "makes a call that fails",
    fence: "ts given resonite",
    code: `await resonite.inventory.list("/Inventory/Nowhere");`,
    says: /\.md:1 ended with exit code 1\n.*ConnectError: \[not_found\] '\/Inventory\/Nowhere' does not exist\./s,
  },
  { flaw: "complains", fence: "ts", code: `console.warn("beware");`, says: /\.md:1 wrote to stderr\nbeware\n$/ },
  { flaw: "fails in silence", fence: "ts", code: `process.exitCode = 3;`, says: /\.md:1 ended with exit code 3$/ },
  {
    flaw: "waits for nothing",
    fence: "ts",
    code: `await new Promise(() => {});`,
    says: /\.md:1 ended with exit code 13\n.*unsettled top-level await/,
  },
  {
    flaw: "never ends",
    fence: "ts given resonite",
    code: `console.log((await resonite.connection.ping("ping")).message);\nsetInterval(() => {}, 1000);`,
    timeoutMs: 2_000,
    says: /\.md:1 did not end within 2 seconds/,
  },
  {
    flaw: "prints without end",
    fence: "ts",
    // It gives way, because what a loop prints that never does is not read.
    code: `for (;;) {\n  console.log("again and again ".repeat(1000));\n  await new Promise((resolve) => setTimeout(resolve));\n}`,
    says: /\.md:1 printed more than 1048576 bytes\nIt had printed: again and again/,
  },
];
const flawed = flaws.map(({ fence, code, ...flaw }, index) => {
  const [block] = findCodeBlocks(`flaw/${index}.md`, `\`\`\`${fence}\n${code}\n\`\`\``);
  if (block === undefined) throw new Error(`no block of code in "${flaw.flaw}"`);
  return { ...flaw, block };
});

const commands = new ShellCommands(root);
let programs: BlockPrograms;
beforeAll(async () => {
  programs = await BlockPrograms.create([...blocks.filter(isProgram), ...flawed.map(({ block }) => block)]);
  return () => programs[Symbol.asyncDispose]();
}, 120_000);

describe.concurrent("compiles and runs:", () => {
  it.each(named(blocks.filter(isProgram)))("$name", async ({ block }) => {
    expect(await programs.findProblems(block, { timeoutMs: 45_000 })).toEqual([]);
  });
});

describe.concurrent("names commands that exist:", () => {
  it.each(named(blocks.filter(isShell)))("$name", async ({ block }) => {
    expect(await commands.findProblems(block)).toEqual([]);
  });
});

describe("the programs in the documentation", () => {
  it("are found in the README of the repository and in that of every package", () => {
    const shown = new Set(blocks.filter(isProgram).map(({ file }) => file));
    expect(shown).toContain("README.md");
    expect(files.filter((file) => /^packages\/.+\/README\.md$/.test(file) && !shown.has(file))).toEqual([]);
  });

  it("import only packages that the examples depend on, because only those are built before they run", () => {
    const manifest = readFileSync(join(import.meta.dirname, "package.json"), "utf8");
    const { dependencies }: { readonly dependencies: object } = JSON.parse(manifest);
    const imported = blocks
      .filter(isProgram)
      .flatMap(({ file, code }) => [...code.matchAll(/"(@resoio\/[\w-]+)/g)].map(([, name = ""]) => ({ file, name })));
    expect(imported).toContainEqual({ file: "README.md", name: "@resoio/node-uds" });
    expect(imported.filter(({ name }) => !(name in dependencies))).toEqual([]);
  });
});

describe.concurrent("a program is refused that", () => {
  it.each(flawed)("$flaw", async ({ block, says, timeoutMs = 45_000 }) => {
    expect((await programs.findProblems(block, { timeoutMs })).join("\n")).toMatch(says);
  });
});

describe("a command is refused that", () => {
  it.each([
    ["runs a script that is not there", "npm start && npm run nothing # or npm run else", `npm script "nothing"`],
    ["runs a script of another package", "npm run bench -w @resoio/core", `npm script "bench" in @resoio/core`],
    ["names a package that is not there", "npm install @resoio/nothing", "package @resoio/nothing"],
    ["runs a program that is not there", "SOCKET=/tmp/a.sock npx nothing --help", "program nothing"],
    ["runs a file that is not there", "node examples/nothing.ts", "file examples/nothing.ts"],
  ])("%s", async (_, code, missing) => {
    expect(await commands.findProblems(shellBlock(code))).toEqual([`shell.md:2 there is no ${missing}`]);
  });

  it("has an option that its program does not have, in whatever line", async () => {
    const code =
      "npx resoio-mock --socket /tmp/a.sock --nothing &\nnpx resoio-mock \\\n  --scenario empty \\\n  --nowhere=1";
    expect(await commands.findProblems(shellBlock(code))).toEqual([
      "shell.md:2 resoio-mock has no option --nothing",
      "shell.md:5 resoio-mock has no option --nowhere",
    ]);
  });

  function shellBlock(code: string): CodeBlock {
    return { file: "shell.md", line: 1, language: "sh", info: [], code };
  }
});

describe("a block of code", () => {
  it("is found with its line, its words and its code, in lists and between long fences too", () => {
    const markdown =
      "# Title\r\n\r\n```TS given resonite\r\none\r\n```\r\n\n- a list\n\n  ~~~~sh\n  ~~~\n    two\n  ~~~~\n\n```\n```";
    expect(findCodeBlocks("some.md", markdown)).toEqual([
      { file: "some.md", line: 3, language: "ts", info: ["given", "resonite"], code: "one" },
      { file: "some.md", line: 9, language: "sh", info: [], code: "~~~\n  two" },
      { file: "some.md", line: 14, language: "", info: [], code: "" },
    ]);
  });

  it("that is never closed is refused", () => {
    expect(() => findCodeBlocks("some.md", "\n```ts\nconst a = 1;\n~~~\n")).toThrow("some.md:2");
  });
});

function named(list: readonly CodeBlock[]): { readonly name: string; readonly block: CodeBlock }[] {
  return list.map((block) => ({ name: `${block.file}:${block.line}`, block }));
}
