import { Code, ConnectError, type Resonite } from "@resoio/core";
import { type ConnectProxyOptions, connectProxy } from "../client/connect-proxy.js";
import { parseProxyAddress } from "../client/proxy-address.js";
import type { WebSocketConstructor } from "../client/web-socket-like.js";
import { sessionUriOf, type WorldInstance } from "../world/instance.js";
import { createInstance, type NewInstance } from "./create-instance.js";
import { getInstance, listInstances } from "./list-instances.js";
import { NoInstanceError } from "./no-instance-error.js";
import { isJoinable, type PickOptions, pickInstance } from "./pick-instance.js";
import { type ResolveWorldOptions, resolveWorld } from "./resolve-world.js";
import { checkMayHost, type VerifiedWorld } from "./verify-world.js";
import { WorldServerError } from "./world-server-error.js";

/** Options of {@link joinInstance}. `timeoutMs` is for each request to the WorldServer. */
export interface JoinInstanceOptions extends ResolveWorldOptions, PickOptions {
  /** A certain instance. Default: the one that `pickInstance` chooses. */
  readonly instanceId?: string | undefined;
  /** What to create when no instance may be joined. Default: nothing. */
  readonly create?: NewInstance | undefined;
  /** How to connect: the token, how to reconnect, ... Default: as `connectProxy` does. */
  readonly connection?: Omit<ConnectProxyOptions, "url" | "signal"> | undefined;
  /** Told which instance was joined. */
  readonly onJoin?: ((instance: WorldInstance) => void) | undefined;
}

/** How many instances are tried, one after the other. Between two of them the list is read anew. */
const maxAttempts = 3;

/**
 * Goes from the address (`example.com/world`) or id of a world to a connected `Resonite`: resolves and verifies the world, lists its
 * instances, picks one, looks at it once more, and connects to the WebSocket that it names. An instance that fills up or goes away
 * meanwhile is passed over.
 *
 * The connection stays with this one instance: when that is closed, calls fail with `NotFound`, and joining again finds another.
 *
 * Throws `NoInstanceError` when there is none to join, `WorldVerificationError`, `WorldServerError`, `InvalidOptionsError`, and the
 * `ConnectError` of `connectProxy` when the instance does not let one in.
 */
export async function joinInstance(addressOrWorldId: string, options: JoinInstanceOptions = {}): Promise<Resonite> {
  const { create, instanceId, now = Date.now } = options;
  const world = await resolveWorld(addressOrWorldId, options);
  checkMayHost(world, now());
  const except = new Set(options.except);
  let cause: unknown;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const id = instanceId ?? pickInstance(await listInstances(world, options), { ...options, except })?.id;
    if (id === undefined || except.has(id)) break;
    except.add(id);
    try {
      const instance = await refreshed(world, id, options);
      if (instance !== undefined) return await connectTo(instance, options);
    } catch (error) {
      if (!isGone(error)) throw error;
      cause = error;
    }
  }
  if (create !== undefined && instanceId === undefined) {
    return await connectTo(await createInstance(world, create, options), options);
  }
  const what = instanceId === undefined ? "no instance" : "not that instance";
  const message = `the world at ${world.server} has ${what} that is open, has a free seat and lets everybody in`;
  throw new NoInstanceError(message, cause === undefined ? {} : { cause });
}

/** The instance as it is now, unless it cannot be joined any more. */
async function refreshed(
  world: VerifiedWorld,
  id: string,
  options: JoinInstanceOptions,
): Promise<WorldInstance | undefined> {
  const instance = await getInstance(world, id, options);
  // Who names one means it, and lets the server decide.
  const joinPolicies = options.instanceId === undefined ? options.joinPolicies : ["public", "private"];
  return isJoinable(instance, { joinPolicies }) ? instance : undefined;
}

async function connectTo(instance: WorldInstance, options: JoinInstanceOptions): Promise<Resonite> {
  const { connection = {}, signal, onJoin } = options;
  const uri = sessionUriOf(instance);
  if (uri === undefined) throw new NoInstanceError("the instance is reached in no way that this client knows");
  const resonite = await connectProxy({ ...connection, ...verbatim(uri, connection.webSocket), url: uri, signal });
  onJoin?.(instance);
  return resonite;
}

/** Nobody may change the address that a server gave: proxies of ours end in `/ws/...`, others need not. */
function verbatim(uri: string, webSocket: WebSocketConstructor = globalThis.WebSocket): Partial<ConnectProxyOptions> {
  if (parseProxyAddress(uri).webSocketUrl === new URL(uri).href) return {};
  const WebSocketThere = class extends webSocket {
    constructor(_url: string, protocols: string[]) {
      super(uri, protocols);
    }
  };
  return { webSocket: WebSocketThere, largeStreams: "websocket" };
}

/** Whether an instance was there when it was listed and is not now. */
function isGone(error: unknown): boolean {
  if (error instanceof WorldServerError) return error.httpStatus === 404;
  return error instanceof ConnectError && (error.code === Code.NotFound || error.code === Code.Unavailable);
}
