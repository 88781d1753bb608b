import { builtinModules } from "node:module";
import { build } from "esbuild";
import { expect, it } from "vitest";

it("bundles for the browser without a built-in module of Node, and without anything of the server", async () => {
  const { metafile } = await build({
    stdin: { contents: 'export * from "./index.js";', resolveDir: import.meta.dirname, loader: "ts" },
    absWorkingDir: import.meta.dirname,
    bundle: true,
    platform: "browser",
    format: "esm",
    metafile: true,
    write: false,
    logLevel: "silent",
    // Node's modules stay imports, so that the test can see them.
    external: ["node:*", ...builtinModules],
  });
  const external = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.filter((one) => one.external === true).map(({ path }) => path),
  );
  expect(external).toEqual([]);
  const files = Object.keys(metafile.inputs);
  expect(files).toContain("join-instance.ts");
  expect(files.filter((file) => /server\/|zod|node-uds|\/ws\//.test(file))).toEqual([]);
});
