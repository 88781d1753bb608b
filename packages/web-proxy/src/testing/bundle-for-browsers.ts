import { builtinModules } from "node:module";
import { build } from "esbuild";

/** A bundle, and what went into it. */
export interface BrowserBundle {
  /** The code, minified. */
  readonly code: string;
  /** The files of which something is left in the bundle, relative to the folder. */
  readonly files: readonly string[];
  /** What is imported from outside of the bundle, with the importing file. */
  readonly externalImports: readonly string[];
}

/**
 * Bundles `entry`, a module in `folder`, as a user's bundler would for a browser.
 *
 * @param define replaces global names in the bundle. Default: none.
 */
export async function bundleForBrowsers(
  folder: string,
  entry: string,
  define: Record<string, string> = {},
): Promise<BrowserBundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, resolveDir: folder, loader: "ts" },
    absWorkingDir: folder,
    bundle: true,
    platform: "browser",
    format: "esm",
    minify: true,
    metafile: true,
    write: false,
    logLevel: "silent",
    // Node's modules stay imports, so that a test can say who wants them.
    external: ["node:*", ...builtinModules],
    define,
  });
  return {
    code: outputFiles.map(({ text }) => text).join("\n"),
    files: Object.values(metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file),
    externalImports: Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
      imports.filter(({ external }) => external === true).map(({ path }) => `${path} in ${file}`),
    ),
  };
}
