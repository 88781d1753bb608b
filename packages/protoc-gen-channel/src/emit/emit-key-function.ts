import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import type { MessageModel } from "../annotations/channel-model.js";
import { keyFunctionOf } from "../annotations/names.js";
import type { MessageSymbols } from "./message-symbols.js";
import { runtimeModule } from "./runtime-module.js";

/** Writes the function that makes the keys of a message. It takes the key fields only, so that a key needs no whole message. */
export function emitKeyFunction(
  file: GeneratedFile,
  message: MessageModel,
  family: string,
  symbols: MessageSymbols,
): void {
  const fields = message.keyFields.map(({ localName }) => localName);
  const picked = fields.map((field) => JSON.stringify(field)).join(" | ");
  const type = file.import("KeyFields", runtimeModule, true);
  const parameter: Printable =
    fields.length === 0 ? "" : ["message: ", type, "<", symbols.shapeOf(message.descriptor), ", ", picked, ">"];
  const parts: Printable[] = [file.string(family), ...fields.map((field) => `, message.${field}`)];
  file.print(file.jsDoc(describeKey(message, family, fields)));
  file.print(file.export("function", keyFunctionOf(message.name)), "(", parameter, "): string {");
  file.print("  return ", file.import("channelKey", runtimeModule), "(", parts, ");");
  file.print("}");
  file.print();
}

function describeKey({ name, removes }: MessageModel, family: string, fields: readonly string[]): string {
  const same = fields.length === 0 ? "" : ` with the same ${fields.map((field) => `\`${field}\``).join(" and ")}`;
  const what =
    removes.length > 0
      ? `It ends what ${removes.join(" and ")}${same} began.`
      : `The newest${same} replaces the others.`;
  return `The key of a message ${name}, in the family ${family}. ${what}`;
}
