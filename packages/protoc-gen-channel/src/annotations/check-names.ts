import type { ChannelModel } from "./channel-model.js";
import { keyFunctionOf } from "./names.js";
import type { Problems } from "./problems.js";

/** Notices when two things in the generated file would have one name. */
export function checkNames(channel: ChannelModel, problems: Problems): void {
  const { prefix, constant, file, messages, groups } = channel;
  const owners = new Map<string, string>();
  /** Gives names to an owner; the first that another owner has is told. */
  const claim = (names: readonly string[], owner: string, tell: (name: string, other: string) => void): void => {
    const taken = names.find((name) => owners.has(name));
    if (taken !== undefined) tell(taken, owners.get(taken) ?? "");
    for (const name of names) owners.set(name, owner);
  };
  const unions = [`${prefix}DownMessage`, `${prefix}UpMessage`];
  const own = [constant, `${prefix}Down`, `${prefix}Up`, ...unions, ...unions.map((union) => `is${union}`)];
  claim(own, `the channel ${channel.name}`, () => {});
  for (const { name, type, guard } of groups) {
    claim([type, guard], `the group ${name}`, (taken, other) => {
      problems.add(file, `has two things that would be called ${taken}, ${other} and the group ${name}: rename one`);
    });
  }
  for (const { name, family, descriptor } of messages) {
    const names = [name, `${name}Schema`, ...(family === undefined ? [] : [keyFunctionOf(name)])];
    claim(names, `the message ${name}`, (taken, other) => {
      problems.add(descriptor, `would be called ${taken} in the generated code, and so would ${other}: rename one`);
    });
  }
}
