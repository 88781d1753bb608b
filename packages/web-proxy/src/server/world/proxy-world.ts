import type { IncomingMessage } from "node:http";
import { InvalidOptionsError, type Logger } from "@resoio/core";
import { parseServerUrl } from "../../world/server-url.js";
import { isEncrypted } from "../access/reach.js";
import type { CreateInstancePolicy } from "./create-instance-policy.js";
import type { EngineSource, RunningEngine } from "./engine-source.js";
import type { WorldIdentity } from "./world-identity.js";
import { WorldServer } from "./world-server.js";
import { WorldStore } from "./world-store.js";

/** How a proxy shows its engines as instances of a world. */
export interface ProxyWorldOptions {
  /** The worlds. Default: those in {@link directory}, where one is made when it is first asked for and there is none. */
  readonly identities?: readonly WorldIdentity[] | undefined;
  /** The folder of worlds and their keys. Default `resoio/worlds` in `XDG_CONFIG_HOME`, or else in `~/.config`. */
  readonly directory?: string | undefined;
  /** The slug of the world that an engine belongs to. Default: the first world. */
  readonly worldOf?: ((engine: RunningEngine) => string | undefined) | undefined;
  /**
   * The URL by which clients reach the proxy, where something else terminates TLS in front of it. Default: the name by which each
   * client called it, which is one of those it goes by.
   */
  readonly publicUrl?: string | undefined;
  /**
   * Whether pages of every origin may read which instances there are, as a public catalog of worlds wants. Default false: only
   * those that may use the proxy, because what worlds are open here is nobody else's business.
   */
  readonly isOpenToAllOrigins?: boolean | undefined;
  /** Lets players create instances. Default: nobody. */
  readonly createInstance?: CreateInstancePolicy | undefined;
  /** How long a closed instance can be asked for, in milliseconds. Default 60,000. */
  readonly graceMs?: number | undefined;
}

/** A WorldServer, and how its proxy is asked for it. */
export interface ProxyWorld {
  readonly server: WorldServer;
  readonly isOpenToAllOrigins: boolean;
  /** The URL by which the proxy was asked. */
  baseUrlOf(request: IncomingMessage): string;
}

/** What {@link createProxyWorld} needs of the proxy. */
export interface ProxyWorldContext {
  readonly engines: EngineSource;
  /** What is in front of its paths: empty, or `/some/path`. */
  readonly mountPath: string;
  /** Whether anybody uses an engine. */
  readonly isInUse: (engine: string) => boolean;
  readonly onClosed: (instanceId: string, reason: string) => void;
  readonly logger: Logger;
}

/** What a world is called that nobody has named. */
const defaultWorldName = "Resonite";

/** Makes the WorldServer of a proxy. Throws {@link InvalidOptionsError} for options that cannot be. */
export function createProxyWorld(options: ProxyWorldOptions, context: ProxyWorldContext): ProxyWorld {
  const { identities, directory, publicUrl, isOpenToAllOrigins = false, worldOf, createInstance, graceMs } = options;
  const base = publicUrl === undefined ? undefined : parseServerUrl(publicUrl)?.href;
  if (publicUrl !== undefined && base === undefined) {
    throw new InvalidOptionsError(
      `world.publicUrl must be an https: url, or an http: url on this machine, not ${JSON.stringify(publicUrl)}`,
    );
  }
  if (identities?.length === 0) throw new InvalidOptionsError("world.identities must have at least one world");
  const store = new WorldStore({ directory });
  const worlds = async (): Promise<readonly WorldIdentity[]> =>
    identities ?? (await store.listOrCreate(defaultWorldName));
  const { engines, onClosed, logger, mountPath, isInUse } = context;
  const server = new WorldServer({ engines, worlds, worldOf, createInstance, graceMs, isInUse, onClosed, logger });
  return {
    server,
    isOpenToAllOrigins,
    baseUrlOf: (request) =>
      base ?? `${isEncrypted(request) ? "https" : "http"}://${request.headers.host?.toLowerCase()}${mountPath}/`,
  };
}
