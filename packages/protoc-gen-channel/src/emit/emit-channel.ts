import type { GeneratedFile, Schema } from "@bufbuild/protoplugin";
import type { ChannelModel } from "../annotations/channel-model.js";
import { keyFunctionOf } from "../annotations/names.js";
import { channelFileName } from "./channel-file-name.js";
import { emitKeyFunction } from "./emit-key-function.js";
import { emitTypeOverrides } from "./emit-type-overrides.js";
import { emitUnion } from "./emit-union.js";
import { describeFields } from "./field-lines.js";
import { MessageSymbols } from "./message-symbols.js";
import { runtimeModule } from "./runtime-module.js";

/** Writes the file of one channel: its schema, key functions, unions and guards. */
export function emitChannel(schema: Schema, channel: ChannelModel): void {
  const fileName = channelFileName(channel);
  const file = schema.generateFile(fileName);
  file.preamble(channel.file);
  const symbols = new MessageSymbols(file);
  emitTypeOverrides(file, fileName, channel.messages, symbols);
  for (const message of channel.messages) {
    if (message.family !== undefined) emitKeyFunction(file, message, message.family, symbols);
  }
  emitDirection(file, channel, "Down", symbols);
  emitDirection(file, channel, "Up", symbols);
  for (const { name, type, guard, members } of channel.groups) {
    emitUnion(file, { type, guard, members, symbols, what: `of the group \`${name}\`` });
  }
  emitSchema(file, channel, symbols);
}

/** Writes the table of what travels one way, and the union of it. */
function emitDirection(file: GeneratedFile, channel: ChannelModel, way: "Down" | "Up", symbols: MessageSymbols): void {
  const members = channel.messages.filter(({ direction }) => direction === "both" || direction === way.toLowerCase());
  const table = `${channel.prefix}${way}`;
  const who = way === "Down" ? "the server sends" : "clients send";
  file.print(file.jsDoc(`What ${who} on the channel \`${channel.name}\`, by name.`));
  file.print(file.export("type", table), " = {");
  for (const { name, descriptor } of members) {
    file.print(file.jsDoc(descriptor, "  "));
    file.print("  readonly ", name, ": typeof ", symbols.schemaOf(descriptor, { typeOnly: true }), ";");
  }
  file.print("};");
  file.print();
  const type = `${table}Message`;
  emitUnion(file, {
    type,
    guard: `is${type}`,
    members,
    symbols,
    what: `that ${who} on the channel \`${channel.name}\``,
  });
}

function emitSchema(file: GeneratedFile, channel: ChannelModel, symbols: MessageSymbols): void {
  const { name, constant, prefix, version, fingerprint, messages } = channel;
  const type = file.import("ChannelSchema", runtimeModule, true);
  const define = file.import("defineChannelSchema", runtimeModule);
  file.print(file.jsDoc(`The channel \`${name}\`: its messages, the way each travels, and what replaces what.`));
  file.print(
    file.export("const", constant),
    ": ",
    type,
    "<",
    prefix,
    "Down, ",
    prefix,
    "Up> = /*@__PURE__*/ ",
    define,
    "({",
  );
  file.print("  name: ", file.string(name), ",");
  file.print("  version: { min: ", version.min, ", max: ", version.max, " },");
  file.print("  fingerprint: ", file.string(fingerprint), ",");
  file.print("  messages: {");
  for (const message of messages) {
    file.print("    ", message.name, ": {");
    for (const line of describeFields(message.descriptor)) file.print("      // ", line);
    file.print("      tag: ", message.tag, ",");
    file.print("      schema: ", symbols.schemaOf(message.descriptor), ",");
    file.print("      direction: ", file.string(message.direction), ",");
    if (message.family !== undefined) file.print("      keyOf: ", keyFunctionOf(message.name), ",");
    if (message.removes.length > 0) printList("removes", message.removes);
    else if (message.family !== undefined && message.family !== message.name) {
      file.print("      family: ", file.string(message.family), ",");
    }
    if (message.groups.length > 0) printList("groups", message.groups);
    if (message.transient) file.print("      transient: true,");
    if (message.ordering !== "last") file.print("      ordering: ", file.string(message.ordering), ",");
    file.print("      fingerprint: ", file.string(message.fingerprint), ",");
    file.print("    },");
  }
  file.print("  },");
  file.print("});");

  function printList(key: string, names: readonly string[]): void {
    file.print("      ", key, ": ", file.array(names.map((one) => file.string(one))), ",");
  }
}
