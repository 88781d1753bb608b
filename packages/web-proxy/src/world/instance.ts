import { Fields } from "./fields.js";
import { webSocketProtocol } from "./names.js";

/** A way to reach a live session. */
export interface WorldProtocol {
  readonly name: string;
  readonly version: string;
  /** What it takes to connect; depends on the {@link name}. */
  readonly information: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** One running session of a world. Unknown fields are kept; fields that a server may leave out are optional. */
export interface WorldInstance {
  /** Means nothing to anybody but the server. */
  readonly id: string;
  readonly worldId: string;
  /** URL of the WorldServer. */
  readonly endpoint?: string | undefined;
  readonly name?: string | undefined;
  /** `open`; from our servers also `starting`, `full`, `closing` and `closed`. Nobody joins what is not `open`. */
  readonly state: string;
  readonly playerCount?: number | undefined;
  readonly capacity?: number | undefined;
  /** `public`; from our servers also `private`. */
  readonly joinPolicy?: string | undefined;
  /** Epoch seconds. */
  readonly createdAt?: number | undefined;
  /** Epoch seconds. Spelt as in the specification. */
  readonly updated_at?: number | undefined;
  readonly worldProtocols: readonly WorldProtocol[];
  readonly [field: string]: unknown;
}

/** Reads an instance. Throws `MalformedObjectError`. */
export function parseInstance(value: unknown, path = "instance"): WorldInstance {
  const fields = new Fields(value, path);
  for (const name of ["endpoint", "name", "joinPolicy"]) fields.optionalText(name);
  for (const name of ["playerCount", "capacity", "createdAt", "updated_at"]) fields.optionalWholeNumber(name);
  return {
    ...fields.all,
    id: fields.text("id"),
    worldId: fields.text("worldId"),
    state: fields.text("state"),
    worldProtocols: fields.list("worldProtocols").map((item) => parseProtocol(new Fields(item.value, item.path))),
  };
}

function parseProtocol(fields: Fields): WorldProtocol {
  return {
    ...fields.all,
    name: fields.text("name"),
    version: fields.text("version"),
    information: fields.object("information").all,
  };
}

/** The address of the first protocol of an instance that we speak, as the server wrote it; `undefined` when there is none. */
export function sessionUriOf({ worldProtocols }: WorldInstance): string | undefined {
  const known = worldProtocols.find(({ name, version }) => name === webSocketProtocol && /^1(?:\.|$)/.test(version));
  const { uri } = known?.information ?? {};
  return typeof uri === "string" ? uri : undefined;
}
