import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { plugin } from "../plugin.js";
import { CheckError } from "./check-error.js";
import type { FreshFiles } from "./generate-with-buf.js";

/**
 * Runs the plugin on a set of descriptors, as `protoc --include_imports --include_source_info --descriptor_set_out` writes it.
 *
 * Throws {@link CheckError} when the file is none, and for annotations that no channel can be made of.
 */
export function generateFromDescriptors(path: string, folder: string, parameter: string): FreshFiles {
  if (!existsSync(path)) throw new CheckError(`there is no ${path}: make it with \`protoc --descriptor_set_out\``);
  const protoFile = readDescriptors(path);
  const request = { parameter, protoFile, fileToGenerate: protoFile.map(({ name }) => name) };
  const { file, error } = plugin.run(create(CodeGeneratorRequestSchema, request));
  if (error !== "") throw new CheckError(error);
  const out = posix.normalize(folder.replaceAll("\\", "/")).replace(/\/$/, "");
  const files = new Map(file.map(({ name, content }) => [posix.join(out, name), content]));
  return { files, folders: [out], generators: [plugin.name] };
}

function readDescriptors(path: string) {
  try {
    return fromBinary(FileDescriptorSetSchema, readFileSync(path)).file;
  } catch (cause) {
    throw new CheckError(`${path} holds no descriptors: make it with \`protoc --descriptor_set_out\``, { cause });
  }
}
