import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listDifferences, replaceFolder } from "./generated-folder.ts";

let scratch: string;
let fresh: string;
let committed: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "resoio-generated-folder-"));
  fresh = join(scratch, "fresh");
  committed = join(scratch, "committed");
});

afterEach(() => {
  rmSync(scratch, { recursive: true });
});

describe("listDifferences", () => {
  it("is empty for folders with the same files", () => {
    write(fresh, { "a.ts": "one", "deep/er/b.ts": "two" });
    write(committed, { "a.ts": "one", "deep/er/b.ts": "two" });

    expect(listDifferences(fresh, committed)).toEqual([]);
  });

  it("lists changed, missing and left-over files, sorted, by their path in the committed folder", () => {
    write(fresh, { "changed.ts": "new", "deep/missing.ts": "two", "same.ts": "same" });
    write(committed, { "changed.ts": "old", "deep/left-over.ts": "three", "same.ts": "same" });

    expect(listDifferences(fresh, committed)).toEqual([
      join(committed, "changed.ts"),
      join(committed, "deep/left-over.ts"),
      join(committed, "deep/missing.ts"),
    ]);
  });

  it("tells an empty file from none", () => {
    write(fresh, { "empty.ts": "" });
    write(committed, { "other.ts": "" });

    expect(listDifferences(fresh, committed)).toEqual([join(committed, "empty.ts"), join(committed, "other.ts")]);
  });

  it("sees a difference in white space alone", () => {
    write(fresh, { "a.ts": "one\n" });
    write(committed, { "a.ts": "one" });

    expect(listDifferences(fresh, committed)).toEqual([join(committed, "a.ts")]);
  });

  it("takes a folder that does not exist as empty", () => {
    write(fresh, { "a.ts": "one" });

    expect(listDifferences(fresh, committed)).toEqual([join(committed, "a.ts")]);
    expect(listDifferences(committed, committed)).toEqual([]);
  });
});

describe("replaceFolder", () => {
  it("puts the fresh files in place and removes those that are no longer generated", () => {
    write(fresh, { "a.ts": "new", "deep/er/b.ts": "two" });
    write(committed, { "a.ts": "old", "gone.ts": "three", "deep/gone/c.ts": "four" });

    replaceFolder(fresh, committed);

    expect(filesOf(committed)).toEqual(["a.ts", "deep/er/b.ts"]);
    expect(readFileSync(join(committed, "a.ts"), "utf8")).toBe("new");
    expect(existsSync(join(committed, "deep/gone"))).toBe(false);
    expect(listDifferences(fresh, committed)).toEqual([]);
  });

  it("makes the folder when there is none", () => {
    write(fresh, { "a.ts": "new" });

    replaceFolder(fresh, join(committed, "not/yet"));

    expect(filesOf(join(committed, "not/yet"))).toEqual(["a.ts"]);
  });
});

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}
