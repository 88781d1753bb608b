import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bundleForBrowsers } from "../testing/bundle-for-browsers.js";

/** The promise: the transport and one modality, minified and compressed. */
const budgetBytes = 40 * 1024;

/** What Node has and browsers have not. Renamed in the bundle where the global is meant, so that a text does not count. */
const nodeGlobals = ["process", "Buffer", "require", "global", "setImmediate", "__dirname", "__filename"];
const nodeMark = "NODE_GLOBAL_";

/** How protobuf asks for a setting of its own. It looks before it reads, so a browser is safe from it. */
const guardedByProtobuf = `typeof ${nodeMark}process!="object"||typeof ${nodeMark}process.env!="object"||${nodeMark}process.env.BUF_BIGINT_DISABLE!=="1"`;

describe("the client", () => {
  const everything = 'export * from "./index.js";';

  it("bundles for the browser without a built-in module of Node", async () => {
    expect((await bundle(everything)).externalImports).toEqual([]);
  });

  it("uses no global that only Node has", async () => {
    const { code } = await bundle(everything, { markNodeGlobals: true });

    expect(code.replace(guardedByProtobuf, "").match(new RegExp(`.{0,60}${nodeMark}.{0,60}`, "g"))).toBeNull();
  });

  it("brings nothing of the server", async () => {
    const { files } = await bundle(everything);

    expect(files.filter((file) => file.startsWith("../server"))).toEqual([]);
    expect(files).toContain("create-web-socket-transport.ts");
  });

  it("stays under 40 KiB with a modality, minified and compressed", async () => {
    const { code } = await bundle(
      'export { createWebSocketTransport } from "./index.js"; export { ConnectionClient } from "@resoio/core";',
    );

    expect(gzipSync(code).length).toBeLessThan(budgetBytes);
  });
});

function bundle(entry: string, { markNodeGlobals = false } = {}) {
  return bundleForBrowsers(import.meta.dirname, entry, markNodeGlobals ? nodeMarks() : {});
}

function nodeMarks(): Record<string, string> {
  return Object.fromEntries(
    nodeGlobals.flatMap((name) => [
      [name, nodeMark + name],
      [`globalThis.${name}`, nodeMark + name],
    ]),
  );
}
