import { runNodeJs } from "@bufbuild/protoplugin";
import { plugin } from "../plugin.js";

/** Runs the protoc plugin: reads what protoc or buf asks for on standard input, answers on standard output. */
export function main(): void {
  runNodeJs(plugin);
}
