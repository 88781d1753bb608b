import { type ChannelFile, type ChannelFileMessage, readChannelFile } from "./channel-file.js";
import { lineDifference } from "./line-difference.js";

/** What comes of some differences, when one program is built from the file and another from the .proto. */
const refusal = "; programs built from the two refuse each other";
const refusedProperties: ReadonlySet<string> = new Set(["tag", "direction"]);

/** Says, in a line each, how a generated file differs from what would be generated now. */
export function describeDrift(committed: string, fresh: string): readonly string[] {
  const [before, after] = [readChannelFile(committed), readChannelFile(fresh)];
  const differences = before === undefined || after === undefined ? [] : compareChannels(before, after);
  if (differences.length > 0) return differences;
  const lines = lineDifference(withoutDescriptor(committed), withoutDescriptor(fresh));
  return lines.length > 0 ? lines : ["the descriptor in it"];
}

/** A descriptor is one long line of base64, which says nothing to a reader. */
function withoutDescriptor(text: string): string {
  return text.replace(/^\s+fileDesc\("[^"]*"/m, "");
}

function compareChannels(before: ChannelFile, after: ChannelFile): readonly string[] {
  const names = new Set([...before.messages.keys(), ...after.messages.keys()]);
  return [
    ...compareProperties("the channel", before.properties, after.properties),
    ...compareTags(before, after),
    ...[...names].flatMap((name) => compareMessages(name, before.messages.get(name), after.messages.get(name))),
  ];
}

/** The tags that stand for another message than before. */
function compareTags(before: ChannelFile, after: ChannelFile): readonly string[] {
  const owners = new Map([...before.messages].map(([name, { properties }]) => [properties.get("tag"), name]));
  return [...after.messages].flatMap(([name, { properties }]) => {
    const tag = properties.get("tag");
    const owner = owners.get(tag);
    return owner === undefined || owner === name
      ? []
      : [`tag ${tag} is ${owner} in the file, ${name} in the .proto${refusal}`];
  });
}

function compareMessages(
  name: string,
  before: ChannelFileMessage | undefined,
  after: ChannelFileMessage | undefined,
): readonly string[] {
  if (before === undefined) return [`${name}: in the .proto, not in the file`];
  if (after === undefined) return [`${name}: in the file, not in the .proto`];
  const differences = [
    ...compareProperties(name, before.properties, after.properties),
    ...[...after.fields]
      .filter((field) => !before.fields.has(field))
      .map((field) => `${name}: the file lacks \`${field}\``),
    ...[...before.fields]
      .filter((field) => !after.fields.has(field))
      .map((field) => `${name}: \`${field}\` is in the file only`),
  ];
  const isSame = before.properties.get("fingerprint") === after.properties.get("fingerprint");
  return differences.length > 0 || isSame ? differences : [`${name}: a type that it holds has changed`];
}

/** A fingerprint that differs only says that something else does. */
function compareProperties(
  owner: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const keys = new Set([...before.keys(), ...after.keys()].filter((key) => key !== "fingerprint"));
  return [...keys]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => {
      const consequence = refusedProperties.has(key) ? refusal : "";
      return `${owner}: ${key} is ${before.get(key) ?? "left out"} in the file, ${after.get(key) ?? "left out"} in the .proto${consequence}`;
    });
}
