import { builtinModules } from "node:module";
import { gzipSync } from "node:zlib";
import { type BuildResult, build } from "esbuild";
import { describe, expect, it } from "vitest";

/**
 * What a page loads to open a recording and play it, minified and compressed: MCAP's reader, zstd in plain JavaScript, and the schemas. It
 * measured 41.7 KiB when this was written; the rest is room to grow.
 */
const playerBudgetBytes = 46 * 1024;

/** What a page loads to record its calls: MCAP's records and the schemas. It measured 39.6 KiB when this was written. */
const recorderBudgetBytes = 44 * 1024;

const player = 'export { bytesSource, blobSource, createPlayer, openRecording } from "./index.js";';
const recorder = 'export { createRecording, createRecordingInterceptor } from "./index.js";';

it("bundles for the browser without a built-in module of Node", async () => {
  const { files, externalImports } = await bundle('export * from "./index.js";');

  expect(externalImports).toEqual([]);
  expect(files).toContain("player/create-player.ts");
  expect(files.filter((file) => file.startsWith("node/") || file.startsWith("bin/"))).toEqual([]);
});

describe("what opens and plays recordings", () => {
  it("stays under 46 KiB minified and compressed", async () => {
    expect(gzipSync((await bundle(player)).code).length).toBeLessThan(playerBudgetBytes);
  });

  it("brings of what writes them only what repairs damaged ones", async () => {
    const { files } = await bundle(player);

    expect(files.filter((file) => file.startsWith("writer/"))).toEqual(["writer/crc32.ts", "writer/mcap-file.ts"]);
  });
});

describe("what records calls", () => {
  it("stays under 44 KiB minified and compressed", async () => {
    expect(gzipSync((await bundle(recorder)).code).length).toBeLessThan(recorderBudgetBytes);
  });

  it("brings nothing of what reads and plays recordings", async () => {
    const { files } = await bundle(recorder);

    expect(files).toContain("writer/create-recording.ts");
    expect(files.filter((file) => file.startsWith("reader/") || file.startsWith("player/"))).toEqual([]);
  });
});

interface Bundle {
  readonly code: string;
  /** The files of this package of which something is left in the bundle, relative to `src`. */
  readonly files: readonly string[];
  /** What the bundle's sources import from outside it, with the importing file. */
  readonly externalImports: readonly string[];
}

/** Bundles `entry`, a module beside `index.ts`, from source as a user's bundler would for a browser. */
async function bundle(entry: string): Promise<Bundle> {
  const built = await build({
    stdin: { contents: entry, resolveDir: import.meta.dirname, loader: "ts" },
    absWorkingDir: import.meta.dirname,
    bundle: true,
    platform: "browser",
    format: "esm",
    minify: true,
    metafile: true,
    write: false,
    logLevel: "silent",
    // Node's modules stay imports, so that the test can say who wants them.
    external: ["node:*", ...builtinModules],
  });
  return toBundle(built);
}

function toBundle({ outputFiles, metafile }: BuildResult<{ write: false; metafile: true }>): Bundle {
  const files = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([file, { bytesInOutput }]) => bytesInOutput > 0 && !file.startsWith(".."))
    .map(([file]) => file);
  const externalImports = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.filter(({ external }) => external === true).map(({ path }) => `${path} in ${file}`),
  );
  return { code: outputFiles.map(({ text }) => text).join("\n"), files, externalImports };
}
