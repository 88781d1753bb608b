/** What a generated file says of its channel. */
export interface ChannelFile {
  /** `name`, `version`, `fingerprint`, as they are written. */
  readonly properties: ReadonlyMap<string, string>;
  readonly messages: ReadonlyMap<string, ChannelFileMessage>;
}

/** What a generated file says of a message. */
export interface ChannelFileMessage {
  /** `string agent = 1`. */
  readonly fields: ReadonlySet<string>;
  /** `tag`, `direction`, ..., as they are written. */
  readonly properties: ReadonlyMap<string, string>;
}

/** Reads the schema out of a file that `emitChannel` wrote, now or in an earlier release. Undefined: there is none in it. */
export function readChannelFile(text: string): ChannelFile | undefined {
  const start = text.search(/defineChannelSchema\(\{$/m);
  if (start === -1) return undefined;
  const properties = new Map<string, string>();
  const messages = new Map<string, { fields: Set<string>; properties: Map<string, string> }>();
  let message: { fields: Set<string>; properties: Map<string, string> } | undefined;
  for (const line of text.slice(start).split("\n").slice(1)) {
    const opened = /^\s+(\w+): \{$/.exec(line)?.[1];
    const [, key, value] = /^\s+(\w+): (.+?),?$/.exec(line) ?? [];
    const field = /^\s+\/\/ (.+)$/.exec(line)?.[1];
    if (opened !== undefined && opened !== "messages") {
      message = { fields: new Set(), properties: new Map() };
      messages.set(opened, message);
    } else if (field !== undefined) message?.fields.add(field);
    else if (opened === undefined && key !== undefined && value !== undefined) {
      (message?.properties ?? properties).set(key, value);
    }
  }
  return { properties, messages };
}
