import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plugin } from "./plugin.ts";

const repository = join(import.meta.dirname, "../../..");
const scratch = mkdtempSync(join(tmpdir(), "resoio-plugin-"));

afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const eye = `
  // Looks at the world. It has two of them.
  service ThirdEye {
    // Closes and opens again. Takes 100 ms.
    rpc Blink(Request) returns (Response) { option (resoio.access.v1.access) = ACCESS_CONTROL; }
    // Sees what is there, version 0.5.0 and later,
    // over two lines. More text.
    rpc WatchAll(Request) returns (stream Response) { option (resoio.access.v1.access) = ACCESS_OBSERVE; }
    // Takes a path like a/*/b; ends a comment with */ too early | unless escaped.
    rpc Feed(stream Request) returns (Response) { option (resoio.access.v1.access) = ACCESS_WRITE; }
    // Talks.
    rpc Talk(stream Request) returns (stream Response) { option (resoio.access.v1.access) = ACCESS_ADMIN; }
    // Whispers.
    rpc Whisper(Request) returns (Response) { option (resoio.access.v1.access) = ACCESS_SECRET; }
  }`;

const arm = `
  // Reaches out.
  service Arm {
    // Reaches.
    rpc Reach(Request) returns (Response) { option (resoio.access.v1.access) = ACCESS_CONTROL; }
  }`;

describe("a contract that is not complete", () => {
  it.each([
    ["no annotation", ";"],
    ["an annotation that says nothing", "{ option (resoio.access.v1.access) = ACCESS_UNSPECIFIED; }"],
    ["another option only", "{ option idempotency_level = NO_SIDE_EFFECTS; }"],
  ])("is refused for an RPC with %s, naming the RPC and what to add", (_, body) => {
    const contract = service(`// Closes. rpc\n rpc Blink(Request) returns (Response) ${body}`);

    for (const emit of ["registry", "handlers", "reference"]) {
      expect(() => generate(emit, contract)).toThrow(
        "Eye.Blink has no access annotation; add `option (resoio.access.v1.access) = ACCESS_...;` to it",
      );
    }
  });

  it.each([
    ["no comment", ""],
    ["a comment without a period", "// Closes and opens again"],
    ["a comment that only has a period within a word", "// Closes as in version 0.5"],
    ["a comment that is not its own", "// Closes and opens again.\n\n"],
  ])("is refused for an RPC with %s, naming the RPC", (_, comment) => {
    const contract = service(
      `${comment}\n rpc Blink(Request) returns (Response) { option (resoio.access.v1.access) = ACCESS_CONTROL; }`,
    );

    expect(() => generate("registry", contract)).toThrow(
      "the comment of Eye.Blink must begin with a full sentence that ends with a period",
    );
  });

  it("is refused for a service without a comment", () => {
    expect(() => generate("registry", { "eye.proto": "service Eye {}" })).toThrow(
      "the comment of Eye must begin with a full sentence",
    );
  });

  it("is refused when no file defines the annotation", () => {
    expect(() => generate("registry", { "eye.proto": "// Sees.\nservice Eye {}" }, { annotated: false })).toThrow(
      "no file defines the option resoio.access.v1.access; import resoio/access/v1/access.proto",
    );
  });
});

describe("the option emit", () => {
  it.each([
    ["is missing", "target=ts"],
    ["is unknown", "target=ts,emit=everything"],
  ])("must name what to write: refused when it %s", (_, parameter) => {
    expect(() => runPlugin(parameter, { "arm.proto": arm })).toThrow(
      "the option emit must be one of registry, handlers, reference",
    );
  });

  it("stands alone", () => {
    expect(() => runPlugin("target=ts,emit=registry,colour=red", { "arm.proto": arm })).toThrow(
      "unknown option colour",
    );
  });
});

describe("emit=registry", () => {
  let files: Map<string, string>;
  beforeAll(() => {
    files = generate("registry", { "third_eye.proto": eye, "arm.proto": arm });
  });

  it("writes the registry and the clients", () => {
    expect([...files.keys()]).toEqual(["registry.ts", "rpc-clients.ts"]);
  });

  it("lists the services by modality, in alphabetical order whatever the order of the files", () => {
    expect(text(files, "registry.ts")).toContain(`export const services = {
  /** Reaches out. */
  arm: Arm,
  /** Looks at the world. */
  thirdEye: ThirdEye,
} as const;`);
  });

  it("says everything about an RPC", () => {
    expect(text(files, "registry.ts")).toContain(`  /** Closes and opens again. */
  "thirdEye.blink": {
    id: "thirdEye.blink",
    modality: "thirdEye",
    path: "/resonite_io.v1.ThirdEye/Blink",
    kind: "unary",
    access: "control",
    method: ThirdEye.method.blink,
  },`);
  });

  it.each([
    ["watchAll", "server_streaming", "observe"],
    ["feed", "client_streaming", "write"],
    ["talk", "bidi_streaming", "admin"],
    ["whisper", "unary", "secret"],
  ])("knows kind and access of %s", (method, kind, access) => {
    const entry = new RegExp(`"thirdEye\\.${method}": \\{[^}]*kind: "${kind}",\\s*access: "${access}"`);

    expect(text(files, "registry.ts")).toMatch(entry);
  });

  it("takes the first sentence of a comment, over line ends and past a period that ends no sentence", () => {
    expect(text(files, "registry.ts")).toContain("/** Sees what is there, version 0.5.0 and later, over two lines. */");
  });

  it("does not let a comment end early", () => {
    expect(text(files, "registry.ts")).toContain(
      "/** Takes a path like a/*\\/b; ends a comment with *\\/ too early | unless escaped. */",
    );
  });

  it("leaves services of other packages out", () => {
    const withOther = generate("registry", {
      "arm.proto": arm,
      "other.proto": {
        package: "resoio.proxy.v1",
        body: "service Proxy { rpc Open(resonite_io.v1.Request) returns (resonite_io.v1.Response); }",
      },
    });

    expect(text(withOther, "registry.ts")).not.toContain("Proxy");
    expect(text(withOther, "registry.ts")).toContain("arm: Arm");
  });

  it("makes a client for every service", () => {
    expect(text(files, "rpc-clients.ts")).toContain("readonly arm: Client<typeof Arm>;");
    expect(text(files, "rpc-clients.ts")).toContain("thirdEye: createClient(ThirdEye, transport),");
  });
});

describe("emit=handlers", () => {
  let files: Map<string, string>;
  beforeAll(() => {
    files = generate("handlers", { "third_eye.proto": eye, "arm.proto": arm });
  });

  it("writes one interface per service, with every RPC of it and none optional", () => {
    expect([...files.keys()]).toEqual(["handlers.ts"]);
    const members = /export interface ThirdEyeHandlers \{([^}]*)\}/.exec(text(files, "handlers.ts"))?.[1];
    expect(members?.match(/^ {2}\w+\??:/gm)).toEqual(["  blink:", "  watchAll:", "  feed:", "  talk:", "  whisper:"]);
    expect(members).toContain('blink: MethodImpl<(typeof services["thirdEye"])["method"]["blink"]>;');
    expect(members).toContain("/** Closes and opens again. (unary, control) */");
  });

  it("collects them by modality and can make Connect services of them", () => {
    expect(text(files, "handlers.ts")).toContain(`export interface Handlers {
  arm: ArmHandlers;
  thirdEye: ThirdEyeHandlers;
}`);
    expect(text(files, "handlers.ts")).toContain(
      "specs.push(createServiceImplSpec<typeof services.thirdEye>(services.thirdEye, handlers.thirdEye));",
    );
  });
});

describe("emit=reference", () => {
  let files: Map<string, string>;
  beforeAll(() => {
    files = generate("reference", { "third_eye.proto": eye, "arm.proto": arm });
  });

  it("writes a table of every RPC per service, and counts them", () => {
    const page = text(files, "rpcs.md");
    expect(page).toContain("2 services, 6 RPCs.");
    expect(page.match(/^## .*/gm)).toEqual(["## Arm", "## ThirdEye"]);
    expect(page).toContain("| `Blink` | unary | control | `Request` | `Response` | Closes and opens again. |");
    expect(page).toContain("| `Talk` | bidi streaming | admin | `Request` | `Response` | Talks. |");
  });

  it("does not let a comment end a cell early", () => {
    expect(text(files, "rpcs.md")).toContain("too early \\| unless escaped. |");
  });
});

type Protos = Readonly<Record<string, string | { readonly package: string; readonly body: string }>>;

function service(method: string): Protos {
  return { "eye.proto": `// Looks at the world.\nservice Eye {\n${method}\n}` };
}

function generate(emit: string, protos: Protos, options?: { readonly annotated: boolean }): Map<string, string> {
  return runPlugin(`target=ts,emit=${emit}`, protos, options);
}

function text(files: Map<string, string>, name: string): string {
  const content = files.get(name);
  if (content === undefined) throw new Error(`${name} was not written`);
  return content;
}

/** Compiles the protos with buf and hands them to the plugin as protoc would. Returns what it writes, by file name. */
function runPlugin(parameter: string, protos: Protos, { annotated } = { annotated: true }): Map<string, string> {
  const folder = mkdtempSync(join(scratch, "protos-"));
  writeFileSync(join(folder, "buf.yaml"), "version: v2\n");
  if (annotated) {
    cpSync(join(repository, "proto/resoio/access"), join(folder, "resoio/access"), { recursive: true });
  }
  const imports = annotated ? 'import "resoio/access/v1/access.proto";\n' : "";
  const writeProto = (name: string, packageName: string, body: string): string => {
    const path = `${packageName.replaceAll(".", "/")}/${name}`;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `syntax = "proto3";\npackage ${packageName};\n${body}`);
    return path;
  };
  const messages = writeProto("messages.proto", "resonite_io.v1", "message Request {}\nmessage Response {}\n");
  const paths = Object.entries(protos).map(([name, given]) => {
    const proto = typeof given === "string" ? { package: "resonite_io.v1", body: given } : given;
    return writeProto(name, proto.package, `import "${messages}";\n${imports}${proto.body}`);
  });
  const protoFile = fromBinary(FileDescriptorSetSchema, buildImage(folder)).file;
  const request = create(CodeGeneratorRequestSchema, { parameter, protoFile, fileToGenerate: [messages, ...paths] });
  return new Map(plugin.run(request).file.map(({ name, content }) => [name, content]));
}

function buildImage(folder: string): Uint8Array {
  const image = join(folder, "image.binpb");
  const buf = spawnSync(join(repository, "node_modules/.bin/buf"), ["build", "--output", image], {
    cwd: folder,
    encoding: "utf8",
  });
  if (buf.error !== undefined) throw buf.error;
  if (buf.status !== 0) throw new Error(buf.stderr);
  return readFileSync(image);
}
