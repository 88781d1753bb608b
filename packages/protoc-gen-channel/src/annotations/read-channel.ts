import { type DescFile, hasOption } from "@bufbuild/protobuf";
import { fingerprintChannel } from "@resoio/core/fingerprint";
import { type ChannelOptions, message as messageOption } from "@resoio/core/gen/resoio/channel/v1/options_pb";
import type { ChannelModel, MessageModel } from "./channel-model.js";
import { checkFamilies } from "./check-families.js";
import { checkNames } from "./check-names.js";
import { toCamelCase, toPascalCase } from "./names.js";
import type { Problems } from "./problems.js";
import { readGroups } from "./read-groups.js";
import { readMessage } from "./read-message.js";

/** Reads the channel that `file` names, and its messages from all files of the package. */
export function readChannel(
  file: DescFile,
  files: readonly DescFile[],
  options: ChannelOptions,
  problems: Problems,
): ChannelModel {
  const { name, version, minVersion } = options;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    problems.add(
      file,
      `names its channel ${JSON.stringify(name)}: give it a name of lower-case letters and digits, words joined by a hyphen`,
    );
  }
  const max = version === 0 ? 1 : version;
  const min = minVersion === 0 ? max : minVersion;
  if (min > max) problems.add(file, `gives its channel min_version ${min}, which is above its version ${max}`);
  const messages = files
    .flatMap((one) => one.messages)
    .filter((message) => hasOption(message, messageOption))
    .map((message) => readMessage(message, problems))
    .sort((a, b) => a.tag - b.tag);
  if (messages.length === 0) {
    problems.add(
      file,
      `names the channel ${name}, of which no message is: give messages \`option (resoio.channel.v1.message)\``,
    );
  }
  checkTags(messages, problems);
  checkFamilies(messages, problems);
  const channel: ChannelModel = {
    name,
    prefix: toPascalCase(name),
    constant: `${toCamelCase(name)}Channel`,
    file,
    version: { min, max },
    fingerprint: fingerprintChannel({ name, version: { min, max }, messages }),
    messages,
    groups: readGroups(messages),
  };
  checkNames(channel, problems);
  return channel;
}

function checkTags(messages: readonly MessageModel[], problems: Problems): void {
  const owners = new Map<number, MessageModel>();
  for (const message of messages) {
    const owner = owners.get(message.tag);
    if (owner === undefined) owners.set(message.tag, message);
    // A tag of 0 has been noticed as missing.
    else if (message.tag !== 0) {
      problems.add(
        message.descriptor,
        `has the tag ${message.tag}, which ${owner.name} has: give each message its own`,
      );
    }
  }
}
