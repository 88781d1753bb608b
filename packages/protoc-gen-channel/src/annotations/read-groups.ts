import type { GroupModel, MessageModel } from "./channel-model.js";
import { toPascalCase } from "./names.js";

/** The groups that some messages belong to, in the order of their names, with their members in the order of the messages. */
export function readGroups(messages: readonly MessageModel[]): readonly GroupModel[] {
  const names = new Set(messages.flatMap(({ groups }) => groups));
  return [...names].sort().map((name) => {
    const type = `${toPascalCase(name)}Message`;
    return { name, type, guard: `is${type}`, members: messages.filter(({ groups }) => groups.includes(name)) };
  });
}
