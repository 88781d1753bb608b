import { type DescFile, type DescMessage, hasOption } from "@bufbuild/protobuf";
import {
  key as keyOption,
  message as messageOption,
  ts_type as tsTypeOption,
} from "@resoio/core/gen/resoio/channel/v1/options_pb";
import { nameInFile, type Problems } from "./problems.js";

/** Notices annotations that would have no effect: an author who wrote one expects something of it. */
export function checkStrayAnnotations(
  files: readonly DescFile[],
  { hasChannel, problems }: { readonly hasChannel: boolean; readonly problems: Problems },
): void {
  for (const message of files.flatMap(({ messages }) => messages).flatMap(withNested)) {
    const isAnnotated = hasOption(message, messageOption);
    if (isAnnotated && !hasChannel) {
      problems.add(
        message,
        `has a tag, but no file of the package ${message.file.proto.package} names a channel: ` +
          'add `option (resoio.channel.v1.channel) = {name: "..."};` to one of them',
      );
    }
    if (isAnnotated && message.parent !== undefined) {
      problems.add(
        message,
        `is declared in ${nameInFile(message.parent)} and cannot be a message of the channel: move it to the top of the file`,
      );
    }
    if (isAnnotated) continue;
    for (const field of message.fields) {
      const stray = [keyOption, tsTypeOption].find((option) => hasOption(field, option));
      if (stray === undefined) continue;
      problems.add(
        field,
        `has ${stray.name}, but ${nameInFile(message)} is no message of a channel: ` +
          "give it `option (resoio.channel.v1.message)`, or leave it out",
      );
    }
  }
}

function withNested(message: DescMessage): DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}
