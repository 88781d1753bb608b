/** A value of a key field. `undefined` is an optional field that is not set. */
export type ChannelKeyPart = string | number | bigint | boolean | undefined;

/** The fields of a message that its key is made of. */
export type KeyFields<Shape, Name extends keyof Shape> = Pick<Shape, Name>;

/**
 * The key of a message: its family, and the key fields that tell it from others of the family. Of the messages with one key, the
 * newest replaces the others.
 *
 * Different parts never make the same key: a slash within a part is escaped.
 */
export function channelKey(family: string, ...parts: readonly ChannelKeyPart[]): string {
  let key = family;
  for (const part of parts) key += `/${escapePart(part)}`;
  return key;
}

/** The key that a message of `family` has when its key fields equal those behind `key`. */
export function keyInFamily(key: string, family: string): string {
  const slash = key.indexOf("/");
  return slash === -1 ? family : family + key.slice(slash);
}

function escapePart(part: ChannelKeyPart): string {
  // A lone % is the escape of nothing, so it can stand for what is not there.
  if (part === undefined) return "%";
  if (typeof part !== "string") return String(part);
  return part.includes("/") || part.includes("%") ? part.replaceAll("%", "%25").replaceAll("/", "%2F") : part;
}
