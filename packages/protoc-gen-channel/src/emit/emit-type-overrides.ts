import { posix } from "node:path";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import type { MessageModel, TypeOverride } from "../annotations/channel-model.js";
import type { MessageSymbols } from "./message-symbols.js";
import { runtimeModule } from "./runtime-module.js";

/** Writes shape and schema of the messages in which a field has a type of the author's. */
export function emitTypeOverrides(
  file: GeneratedFile,
  fileName: string,
  messages: readonly MessageModel[],
  symbols: MessageSymbols,
): void {
  for (const { descriptor, name, typeOverrides } of messages) {
    if (typeOverrides.length === 0) continue;
    const wireShape = file.importShape(descriptor);
    const wireSchema = file.importSchema(descriptor);
    const genMessage = file.import("GenMessage", "@bufbuild/protobuf/codegenv2", true);
    file.print(file.jsDoc(descriptor));
    file.print(file.export("type", name), " = ", file.import("WithTypes", runtimeModule, true), "<", wireShape, ", {");
    for (const override of typeOverrides) {
      file.print("  ", override.field.localName, ": ", printableType(file, fileName, override), ";");
    }
    file.print("}>;");
    file.print();
    const type = [genMessage, "<", name, ">"];
    file.print(file.jsDoc(`Describes the message ${descriptor.typeName}, with the types above.`));
    file.print(file.export("const", `${name}Schema`), ": ", type, " = ", wireSchema, " as ", type, ";");
    file.print();
    symbols.declare(descriptor);
  }
}

/** The author's type, with the names in it imported. */
function printableType(file: GeneratedFile, fileName: string, { type, from, names }: TypeOverride): Printable {
  if (from === undefined) return type;
  // The generator wants paths as seen from its output folder.
  const path = from.startsWith(".") ? `./${posix.join(posix.dirname(fileName), from)}` : from;
  return type
    .split(/(?<![\w$.])([A-Za-z_$][\w$]*)/)
    .map((piece) => (names.includes(piece) ? file.import(piece, path, true) : piece));
}
