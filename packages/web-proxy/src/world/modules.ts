import { Fields } from "./fields.js";
import { instancePolicyModule, profileModule } from "./names.js";

/** What every module of a world has. Unknown fields are kept. */
export interface WorldModule {
  /** Its name, which is also its key. */
  readonly module: string;
  readonly worldId: string;
  readonly [field: string]: unknown;
}

/** The name and the addresses of a world. */
export interface WorldProfile extends WorldModule {
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Like `example.com/world`; the first is the primary one. */
  readonly addresses?: readonly string[] | undefined;
  /** Epoch seconds. */
  readonly updated_at: number;
}

/** What the server announces about its instances. It binds nobody: `createInstance` decides when it is called. */
export interface InstancePolicy extends WorldModule {
  /** Whether `createInstance` is supported; `undefined`: unknown. */
  readonly createInstance?: boolean | undefined;
  readonly defaultCapacity?: number | undefined;
  /** Whether every instance comes with a signature of the world. An addition of ours; `undefined` counts as false. */
  readonly signedInstances?: boolean | undefined;
}

/** A module with its signature by the world, as it is served. */
export interface SignedModule {
  readonly payload: unknown;
  readonly signature: string;
}

/** Reads what all modules have in common. Throws `MalformedObjectError`. */
export function parseModule(payload: unknown, path: string): WorldModule {
  const fields = new Fields(payload, path);
  return { ...fields.all, module: fields.text("module"), worldId: fields.text("worldId") };
}

/** Reads a profile. Throws `MalformedObjectError`. */
export function parseProfile(payload: unknown): WorldProfile {
  const fields = new Fields(payload, profileModule);
  fields.optionalText("description");
  fields.optionalTexts("tags");
  fields.optionalTexts("addresses");
  return {
    ...parseModule(payload, profileModule),
    name: fields.text("name"),
    updated_at: fields.wholeNumber("updated_at"),
  };
}

/** Reads an instance policy. Throws `MalformedObjectError`. */
export function parseInstancePolicy(payload: unknown): InstancePolicy {
  const fields = new Fields(payload, instancePolicyModule);
  fields.optionalBoolean("createInstance");
  fields.optionalWholeNumber("defaultCapacity");
  fields.optionalBoolean("signedInstances");
  return parseModule(payload, instancePolicyModule);
}
