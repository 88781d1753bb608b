import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { MessageModel } from "../annotations/channel-model.js";
import type { MessageSymbols } from "./message-symbols.js";

/** A union type and its guard. */
export interface Union {
  readonly type: string;
  readonly guard: string;
  readonly members: readonly MessageModel[];
  readonly symbols: MessageSymbols;
  /** What sets a member apart, for the comments: `of the group scene`. */
  readonly what: string;
}

/** Writes a union of messages, told apart by `$typeName`, and its guard. Of no messages, only the type: nothing is of it. */
export function emitUnion(file: GeneratedFile, { type, guard, members, symbols, what }: Union): void {
  const shapes = members.flatMap(({ descriptor }, index) => [index === 0 ? "" : " | ", symbols.shapeOf(descriptor)]);
  file.print(file.jsDoc(`Any message ${what}; \`$typeName\` tells which.`));
  file.print(file.export("type", type), " = ", shapes.length === 0 ? "never" : shapes, ";");
  file.print();
  if (members.length === 0) return;
  file.print(file.jsDoc(`Whether this is a message ${what}.`));
  file.print(file.export("function", guard), "(message: ", file.runtime.Message, "): message is ", type, " {");
  file.print("  switch (message.$typeName) {");
  for (const { descriptor } of members) file.print("    case ", file.string(descriptor.typeName), ":");
  file.print("      return true;");
  file.print("    default:");
  file.print("      return false;");
  file.print("  }");
  file.print("}");
  file.print();
}
