import type { ChannelModel } from "./channel-model.js";
import { keyFunctionOf } from "./names.js";
import type { Problems } from "./problems.js";

/** Notices when two things in the generated file would have one name. */
export function checkNames(channel: ChannelModel, problems: Problems): void {
  const { prefix, constant, file, messages, groups } = channel;
  const owners = new Map<string, string>();
  const claim = (name: string, owner: string): string | undefined => {
    const other = owners.get(name);
    owners.set(name, owner);
    return other;
  };
  for (const name of [`${prefix}Down`, `${prefix}Up`, `${prefix}DownMessage`, `${prefix}UpMessage`, constant]) {
    claim(name, `the channel ${channel.name}`);
  }
  for (const name of [`is${prefix}DownMessage`, `is${prefix}UpMessage`]) claim(name, `the channel ${channel.name}`);
  for (const group of groups) {
    for (const name of [group.type, group.guard]) {
      const other = claim(name, `the group ${group.name}`);
      if (other === undefined) continue;
      problems.add(
        file,
        `has two things that would be called ${name}, ${other} and the group ${group.name}: rename one`,
      );
    }
  }
  for (const message of messages) {
    const names = [message.name, `${message.name}Schema`];
    if (message.family !== undefined) names.push(keyFunctionOf(message.name));
    for (const name of names) {
      const other = claim(name, `the message ${message.name}`);
      if (other === undefined) continue;
      problems.add(
        message.descriptor,
        `would be called ${name} in the generated code, and so would ${other}: rename one`,
      );
    }
  }
}
