import { expect, it } from "vitest";
import { bundleForBrowsers } from "../testing/bundle-for-browsers.js";

it("bundles for the browser without a built-in module of Node, and without anything of the server", async () => {
  const { files, externalImports } = await bundleForBrowsers(import.meta.dirname, 'export * from "./index.js";');

  expect(externalImports).toEqual([]);
  expect(files).toContain("join-instance.ts");
  expect(files.filter((file) => /server\/|zod|node-uds|\/ws\//.test(file))).toEqual([]);
});
