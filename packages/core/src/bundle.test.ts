import { builtinModules } from "node:module";
import { gzipSync } from "node:zlib";
import { type BuildResult, build } from "esbuild";
import { describe, expect, it } from "vitest";
import * as core from "./index.js";

/** The promise: one modality alone, minified and compressed. */
const modalityBudgetBytes = 40 * 1024;

/** All modalities with their generated clients. They measured 36.3 KiB when this was written; the rest is room to grow. */
const resoniteBudgetBytes = 44 * 1024;

const clients = Object.keys(core).filter((name) => name.endsWith("Client"));
const serviceNames = Object.values(core.services).map(({ typeName }) => typeName);

/** What Node has and browsers have not. Renamed in the bundle where the global is meant, so that a text does not count. */
const nodeGlobals = ["process", "Buffer", "require", "global", "setImmediate", "__dirname", "__filename"];
const nodeMark = "NODE_GLOBAL_";

/** How protobuf asks for a setting of its own. It looks before it reads, so a browser is safe from it. */
const guardedByProtobuf = `typeof ${nodeMark}process!="object"||typeof ${nodeMark}process.env!="object"||${nodeMark}process.env.BUF_BIGINT_DISABLE!=="1"`;

describe("all of core", () => {
  const everything = 'export * from "./index.js"; export * as internal from "./internal.js";';

  it("bundles for the browser without a built-in module of Node", async () => {
    expect((await bundle(everything)).externalImports).toEqual([]);
  });

  it("uses no global that only Node has", async () => {
    const { code } = await bundle(everything, { markNodeGlobals: true });

    expect(code.replace(guardedByProtobuf, "").match(new RegExp(`.{0,60}${nodeMark}.{0,60}`, "g"))).toBeNull();
  });
});

describe("one modality alone", () => {
  it("is measured for every service", () => {
    expect(clients).toHaveLength(serviceNames.length);
  });

  it.each(clients)("%s stays under 40 KiB minified and compressed", async (client) => {
    const { code } = await bundle(`export { ${client} } from "./index.js";`);

    expect(gzipSync(code).length).toBeLessThan(modalityBudgetBytes);
  });

  // A descriptor is base64, in which no name can be found. So it is the generated files that are looked at.
  it.each(clients)("%s brings the generated code of no service that it does not speak to", async (client) => {
    const { files } = await bundle(`export { ${client} } from "./index.js";`);

    expect(files.filter((file) => file.startsWith("gen/resonite_io/")).toSorted()).toEqual(generatedFiles(client));
  });

  it("leaves out the names of the other services", async () => {
    const info = await bundle('export { InfoClient } from "./index.js";');
    const whole = await bundle('export * from "./index.js";');

    expect(serviceNames.filter((name) => whole.code.includes(name))).toEqual(serviceNames);
    expect(serviceNames.filter((name) => name !== "resonite_io.v1.Info" && info.code.includes(name))).toEqual([]);
  });
});

it("Resonite with all modalities stays under 44 KiB minified and compressed", async () => {
  const { code } = await bundle('export { Resonite } from "./index.js";');

  expect(gzipSync(code).length).toBeLessThan(resoniteBudgetBytes);
});

interface Bundle {
  readonly code: string;
  /** The files of core of which something is left in the bundle, relative to `src`. */
  readonly files: readonly string[];
  /** What the bundle's sources import from outside it, with the importing file. */
  readonly externalImports: readonly string[];
}

/** Bundles `entry`, a module beside `index.ts`, from source as a user's bundler would for a browser. */
async function bundle(entry: string, { markNodeGlobals = false } = {}): Promise<Bundle> {
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
    define: markNodeGlobals ? nodeMarks() : {},
  });
  return toBundle(built);
}

function nodeMarks(): Record<string, string> {
  return Object.fromEntries(
    nodeGlobals.flatMap((name) => [
      [name, nodeMark + name],
      [`globalThis.${name}`, nodeMark + name],
    ]),
  );
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

/** What the services of `client` are generated into: `gen/resonite_io/v1/context_menu_pb.ts` for `ContextMenuClient`. */
function generatedFiles(client: string): readonly string[] {
  const services = [client.replace(/Client$/, "")];
  // Asks for the process id before it ends the process.
  if (client === "LifecycleClient") services.unshift("Info");
  return services.map(
    (service) => `gen/resonite_io/v1/${service.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase()}_pb.ts`,
  );
}
