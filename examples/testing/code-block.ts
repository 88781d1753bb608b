/** A fenced block of code in a Markdown file. */
export interface CodeBlock {
  /** The file, relative to the root of the repository. */
  readonly file: string;
  /** The line of the opening fence, counted from 1. The code begins on the next one. */
  readonly line: number;
  /** The first word after the fence, in lower case. Empty when there is none. */
  readonly language: string;
  /** The other words after the fence. */
  readonly info: readonly string[];
  /** What is between the fences. */
  readonly code: string;
}

/**
 * Finds the fenced blocks of code in a Markdown text. A block inside a list may be indented.
 *
 * Throws when a block is never closed: everything after it would be taken for code.
 */
export function findCodeBlocks(file: string, markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const [, indentation = "", fence, info = ""] = /^(\s*)(`{3,}|~{3,})([^`]*)$/.exec(lines[index] ?? "") ?? [];
    if (fence === undefined) continue;
    const first = index + 1;
    const closing = lines.findIndex((line, at) => at >= first && closes(fence, line));
    if (closing === -1) throw new Error(`${file}:${first}: the block of code that begins here is never closed`);
    const indent = new RegExp(`^\\s{0,${indentation.length}}`);
    const [language = "", ...rest] = info.trim().split(/\s+/);
    blocks.push({
      file,
      line: first,
      language: language.toLowerCase(),
      info: rest,
      code: lines
        .slice(first, closing)
        .map((line) => line.replace(indent, ""))
        .join("\n"),
    });
    index = closing;
  }
  return blocks;
}

function closes(fence: string, line: string): boolean {
  const text = line.trim();
  return text.length >= fence.length && text === fence.charAt(0).repeat(text.length);
}

/** Whether the block is a program that can be compiled and run. */
export function isProgram({ language }: CodeBlock): boolean {
  return ["ts", "typescript", "mts", "js", "javascript", "mjs"].includes(language);
}

/** Whether the block is typed into a terminal. */
export function isShell({ language }: CodeBlock): boolean {
  return ["sh", "bash", "shell", "console", "zsh"].includes(language);
}
