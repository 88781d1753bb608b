import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { plugin } from "../plugin.js";
import { Application } from "./application.js";

/** Compiles `.proto` files with buf: what protoc hands to a plugin. One run of buf for all of them. */
export function compileProtos(protos: Readonly<Record<string, string>>): readonly FileDescriptorProto[] {
  using application = new Application(protos);
  const { status, output } = application.run("buf", "build", "--output", "image.binpb");
  if (status !== 0) throw new Error(output);
  return fromBinary(FileDescriptorSetSchema, readFileSync(join(application.folder, "image.binpb"))).file;
}

/** Runs the plugin on some of the files that {@link compileProtos} compiled. */
export function runPlugin(
  protoFile: readonly FileDescriptorProto[],
  fileToGenerate: readonly string[],
  parameter = "target=ts,import_extension=js",
): CodeGeneratorResponse {
  return plugin.run(
    create(CodeGeneratorRequestSchema, { parameter, protoFile: [...protoFile], fileToGenerate: [...fileToGenerate] }),
  );
}

/** The text of a generated file. Throws when it was not generated. */
export function textOf({ file, error }: CodeGeneratorResponse, name: string): string {
  const found = file.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} was not generated: ${error}`);
  return found.content;
}
