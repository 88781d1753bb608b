import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { type TsType, ts_type as tsTypeOption } from "@resoio/core/gen/resoio/channel/v1/options_pb";
import type { TypeOverride } from "./channel-model.js";
import { isIdentifier } from "./names.js";
import type { Problems } from "./problems.js";

/** The fields that have a TypeScript type of the author's, in the order of the file. */
export function readTypeOverrides(message: DescMessage, problems: Problems): readonly TypeOverride[] {
  return message.fields
    .filter((field) => hasOption(field, tsTypeOption))
    .map((field) => {
      const option = getOption(field, tsTypeOption);
      const names = option.from !== "" && option.names.length === 0 ? [option.type] : option.names;
      for (const flaw of flawsOf(field, option, names)) problems.add(field, flaw);
      return { field, type: option.type, from: option.from === "" ? undefined : option.from, names };
    });
}

function flawsOf(field: DescField, { type, from }: TsType, names: readonly string[]): readonly string[] {
  if (field.oneof !== undefined) {
    return [`has a ts_type, but is one of several (${field.oneof.name}): TypeScript has no field of its own for it`];
  }
  // A line break or a comment would reach into the code around it.
  if (type.trim() === "" || /[\r\n;]|\/\/|\/\*/.test(type)) {
    return [`has the ts_type ${JSON.stringify(type)}: give it one type, on one line, without comments`];
  }
  if (from === "" && names.length > 0) {
    return ["has names in its ts_type, but does not say where they come from: give it `from`"];
  }
  if (from !== "" && !isModulePath(from)) {
    return [
      `has a ts_type from ${JSON.stringify(from)}: give it a path that begins with ./ or ../ and ends in .js, as seen from the ` +
        "generated file, or the name of a package",
    ];
  }
  return names
    .filter((name) => !isIdentifier(name) || !new RegExp(`(?<![\\w$.])${escapeDollar(name)}(?![\\w$])`).test(type))
    .map((name) =>
      name === type
        ? `has the ts_type ${JSON.stringify(type)}, which is more than a name: say in \`names\` what of it is imported from ${from}`
        : `imports ${JSON.stringify(name)} for its ts_type ${JSON.stringify(type)}, where that name is not: leave it out`,
    );
}

/** A relative path to a module, or a package and maybe a path in it. */
function isModulePath(path: string): boolean {
  return (
    /^\.\.?\/(?:[\w.-]+\/)*[\w.-]+\.[cm]?js$/.test(path) || /^(?:@[\w.-]+\/)?[\w-][\w.-]*(?:\/[\w.-]+)*$/.test(path)
  );
}

function escapeDollar(name: string): string {
  return name.replaceAll("$", "\\$");
}
