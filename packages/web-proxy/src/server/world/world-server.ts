import { type Logger, silentLogger } from "@resoio/core";
import { canonicalJson } from "../../world/canonical-json.js";
import { Fields } from "../../world/fields.js";
import { parseIdentity } from "../../world/identity.js";
import type { WorldInstance } from "../../world/instance.js";
import { statusPrefix, worldActions, worldCapabilities } from "../../world/names.js";
import { InvalidJsonError, parseJson } from "../../world/parse-json.js";
import { toInstance } from "../../world/to-instance.js";
import { networkOf } from "../access/network-of.js";
import { RateLimiter } from "../access/rate-limiter.js";
import { type CreateInstancePolicy, resolveCreateInstancePolicy } from "./create-instance-policy.js";
import type { EngineSource, RunningEngine } from "./engine-source.js";
import { InstanceCreator } from "./instance-creator.js";
import { InstanceDirectory } from "./instance-directory.js";
import type { ListedInstance } from "./listed-instance.js";
import { NonceMemory } from "./nonce-memory.js";
import { checkFreshness, checkPrivateRequest, refuseIdentity, refuseMalformed } from "./private-request-check.js";
import { type PublishedWorld, publishWorld } from "./published-world.js";
import type { WorldIdentity } from "./world-identity.js";
import { type WorldAnswer, WorldRefusal } from "./world-refusal.js";

/** Which of the three families of actions a request is for. */
export type ActionFamily = "public" | "private" | "ws-sync";

/** A request to a WorldServer, however it came. */
export interface WorldRequest {
  readonly method: string;
  readonly family: ActionFamily;
  /** What is behind the family in the path; empty for the catalog. */
  readonly action: string;
  readonly query: URLSearchParams;
  /** `undefined` for none. */
  readonly body: Uint8Array | undefined;
  /** How whoever asked calls this server, with a slash at its end. The caller has checked that it goes by that name. */
  readonly baseUrl: string;
  /** The network address that it came from. */
  readonly address: string;
}

/** Options of {@link WorldServer}. */
export interface WorldServerOptions {
  readonly engines: EngineSource;
  /** The worlds that are hosted. Called once, when something is first asked for. */
  readonly worlds: () => Promise<readonly WorldIdentity[]>;
  /** The slug of the world that an engine belongs to. Default: the first of {@link worlds}. */
  readonly worldOf?: ((engine: RunningEngine) => string | undefined) | undefined;
  /** Where the WebSocket of an instance is. Default `/ws/<id>` at the URL that was asked. */
  readonly socketUri?: ((instanceId: string, baseUrl: string) => string) | undefined;
  /** Lets players create instances. Default: nobody. */
  readonly createInstance?: CreateInstancePolicy | undefined;
  /** How long a closed instance can be asked for, in milliseconds. Default 60,000. */
  readonly graceMs?: number | undefined;
  /** How old what a mod told may be, in milliseconds. Default 1,000. */
  readonly maxAgeMs?: number | undefined;
  /** Whether somebody uses an engine, so that it must not be taken for another world. Default: nobody. */
  readonly isInUse?: ((engine: string) => boolean) | undefined;
  /** Told of each instance that is over, once; `reason` is a short sentence. Default: nobody. */
  readonly onClosed?: ((instanceId: string, reason: string) => void) | undefined;
  /** Now, as Unix time in milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  readonly logger?: Logger | undefined;
}

/** How many URLs of this server are remembered with what was signed for them. */
const maxPublished = 64;
/** How many requests for an instance one network may send at once, and per second in the long run. Checking a signature takes time. */
const privateRequests = { burst: 20, perSecond: 5 };

/** Answers what VirMesh asks of a WorldServer, for the engines of this machine. */
export class WorldServer {
  readonly #options: WorldServerOptions;
  readonly #now: () => number;
  readonly #logger: Logger;
  readonly #startedAt: number;
  readonly #directory: InstanceDirectory;
  readonly #creator: InstanceCreator | undefined;
  readonly #nonces = new NonceMemory();
  readonly #privateRate: RateLimiter;
  readonly #announced: { readonly createInstance: boolean; readonly defaultCapacity?: number };
  #worlds: Promise<readonly WorldIdentity[]> | undefined;
  /** By URL, the one that was not asked for the longest first. */
  readonly #published = new Map<string, Promise<readonly PublishedWorld[]>>();
  readonly #signatures = new WeakMap<ListedInstance, { readonly text: string; readonly signature: Promise<string> }>();

  /** Throws `InvalidOptionsError` for a policy that cannot be. */
  constructor(options: WorldServerOptions) {
    this.#options = options;
    const { engines, createInstance, graceMs, maxAgeMs, onClosed, now = Date.now, logger = silentLogger } = options;
    this.#now = now;
    this.#logger = logger;
    this.#startedAt = this.#nowSeconds();
    this.#privateRate = new RateLimiter({ ...privateRequests, now });
    this.#directory = new InstanceDirectory({ source: engines, graceMs, maxAgeMs, onClosed, now, logger });
    const policy = createInstance && resolveCreateInstancePolicy(createInstance);
    this.#creator =
      policy && new InstanceCreator({ policy, directory: this.#directory, isInUse: options.isInUse, now, logger });
    this.#announced = {
      createInstance: policy !== undefined,
      ...(policy === undefined ? {} : { defaultCapacity: policy.defaultCapacity }),
    };
  }

  /** Begins to watch the engines. */
  start(): void {
    this.#directory.start();
  }

  /** Watches no more, closes every instance, and gives up what is being started. */
  stop(): void {
    this.#creator?.stop();
    this.#directory.stop();
  }

  /** The instances that this server knows. */
  get directory(): InstanceDirectory {
    return this.#directory;
  }

  /** Answers a request. Never rejects. */
  async answer(request: WorldRequest): Promise<WorldAnswer> {
    try {
      return request.action === "" ? this.#answerCatalog(request) : await this.#answerAction(request);
    } catch (error) {
      if (error instanceof WorldRefusal) return error.toAnswer();
      this.#logger.warn(`a request to the WorldServer failed: ${String(error)}`);
      return new WorldRefusal("server.internal_error", "the server failed; its log says why").toAnswer();
    }
  }

  #answerCatalog({ family, method }: WorldRequest): WorldAnswer {
    checkMethod(method, "GET");
    const { resolveWorld, listInstance, getInstance, createInstance } = worldActions;
    const names = {
      public: [resolveWorld, listInstance, getInstance],
      private: this.#creator === undefined ? [] : [createInstance],
      "ws-sync": [],
    }[family];
    const actionMethod = family === "public" ? "GET" : "POST";
    const actions = names.map((name) => ({ name, method: actionMethod, path: `/${family}/${name}` }));
    return succeed("catalogListed", { family, actions });
  }

  async #answerAction(request: WorldRequest): Promise<WorldAnswer> {
    const { family, action, method } = request;
    if (family === "private" && action === worldActions.createInstance) {
      checkMethod(method, "POST");
      return await this.#createInstance(request);
    }
    const read = family === "public" ? this.#reader(action) : undefined;
    if (read === undefined) {
      throw new WorldRefusal(
        "action.not_found",
        `there is no ${family} action with this name; GET /${family}/ lists them`,
      );
    }
    checkMethod(method, "GET");
    return await read(request);
  }

  #reader(action: string): ((request: WorldRequest) => Promise<WorldAnswer>) | undefined {
    if (action === worldActions.resolveWorld) return (request) => this.#resolveWorld(request);
    if (action === worldActions.listInstance) return (request) => this.#listInstance(request);
    if (action === worldActions.getInstance) return (request) => this.#getInstance(request);
    return undefined;
  }

  async #resolveWorld({ query, baseUrl }: WorldRequest): Promise<WorldAnswer> {
    const worldId = parameter(query, "worldId");
    const address = parameter(query, "address")?.toLowerCase();
    const versionId = parameter(query, "versionId");
    if ((worldId === undefined) === (address === undefined)) {
      throw new WorldRefusal("json.invalid_payload", "the query takes exactly one of worldId and address");
    }
    const worlds = await this.#publishedAt(baseUrl);
    const world = worlds.find(
      ({ identity, addresses }) =>
        identity.worldId === worldId || (address !== undefined && addresses.includes(address)),
    );
    if (world === undefined) throw worldNotFound(worldId);
    if (versionId !== undefined && versionId !== world.manifest.versionId) {
      throw new WorldRefusal("world.not_found", "the world has no manifest of this version");
    }
    const { expiresAt, capabilities } = world.identity;
    const isExpired = expiresAt !== undefined && expiresAt < this.#nowSeconds();
    if (isExpired || !Object.values(worldCapabilities).every((capability) => capabilities.includes(capability))) {
      throw new WorldRefusal("world.delegation_expired", "the world does not let this server host it, or not any more");
    }
    return succeed("worldResolved", world.payload);
  }

  async #listInstance({ query, baseUrl }: WorldRequest): Promise<WorldAnswer> {
    const world = await this.#hosted(required(query, "worldId"));
    const worlds = await this.#allWorlds();
    const listed = await this.#directory.list((instance) => this.#worldOf(instance, worlds) === world);
    const instances = listed.map((instance) => this.#toInstance(instance, world, baseUrl));
    const signatures: Record<string, string> = {};
    for (const [index, instance] of instances.entries()) {
      const source = listed[index];
      if (source !== undefined) signatures[instance.id] = await this.#sign(source, instance, world);
    }
    return succeed("instanceListed", { instances, signatures });
  }

  async #getInstance({ query, baseUrl }: WorldRequest): Promise<WorldAnswer> {
    const instanceId = parameter(query, "instanceId");
    const alias = parameter(query, "id");
    const id = instanceId ?? alias;
    if (id === undefined || (alias !== undefined && alias !== id)) {
      throw new WorldRefusal("json.invalid_payload", "the query takes exactly one instanceId");
    }
    const worldId = parameter(query, "worldId");
    if (worldId !== undefined) await this.#hosted(worldId);
    const instance = await this.#directory.get(id);
    const world = instance && this.#worldOf(instance, await this.#allWorlds());
    if (instance === undefined || world === undefined || (worldId ?? world.worldId) !== world.worldId) {
      throw new WorldRefusal("worldInstance.not_found", "there is no such instance, or not any more");
    }
    return await this.#answerInstance("instanceResolved", instance, world, baseUrl);
  }

  async #createInstance({ body, baseUrl, address }: WorldRequest): Promise<WorldAnswer> {
    if (this.#creator === undefined) {
      throw new WorldRefusal("action.not_supported", "this server creates no instances; join one that runs");
    }
    const parsed = parseBody(body);
    // Before anything that takes time.
    if (!this.#privateRate.take(networkOf(address))) {
      throw new WorldRefusal(
        "worldInstance.create_not_allowed",
        "too many requests come from this network: wait a moment",
      );
    }
    const request = await checkPrivateRequest(parsed);
    const nowSeconds = this.#nowSeconds();
    checkFreshness(request, { nowSeconds, notBefore: this.#startedAt, nonces: this.#nonces });
    const world = await this.#hosted(request.wanted.worldId);
    if (world.expiresAt !== undefined && world.expiresAt < nowSeconds) {
      throw new WorldRefusal("world.delegation_expired", "the world does not let this server host it any more");
    }
    const instance = await this.#creator.create(request.creator, request.wanted);
    return await this.#answerInstance("instanceCreated", instance, world, baseUrl);
  }

  async #answerInstance(
    success: string,
    listed: ListedInstance,
    world: WorldIdentity,
    baseUrl: string,
  ): Promise<WorldAnswer> {
    const instance = this.#toInstance(listed, world, baseUrl);
    return succeed(success, { instance, signature: await this.#sign(listed, instance, world) });
  }

  #toInstance(listed: ListedInstance, { worldId }: WorldIdentity, baseUrl: string): WorldInstance {
    const { id, createdAt, updatedAt, facts } = listed;
    const { socketUri = defaultSocketUri } = this.#options;
    return toInstance(facts, {
      id,
      worldId,
      endpoint: baseUrl,
      createdAt,
      updatedAt,
      socketUri: socketUri(id, baseUrl),
    });
  }

  /** Mostly nothing has changed since the last time. */
  async #sign(listed: ListedInstance, instance: WorldInstance, { key }: WorldIdentity): Promise<string> {
    const text = canonicalJson(instance);
    const known = this.#signatures.get(listed);
    if (known?.text === text) return await known.signature;
    const signature = key.sign(instance);
    this.#signatures.set(listed, { text, signature });
    return await signature;
  }

  /** The world with this id. Throws {@link WorldRefusal} when it is not here. */
  async #hosted(worldId: string): Promise<WorldIdentity> {
    const world = (await this.#allWorlds()).find((known) => known.worldId === worldId);
    if (world === undefined) throw worldNotFound(worldId);
    return world;
  }

  async #publishedAt(baseUrl: string): Promise<readonly PublishedWorld[]> {
    const known = this.#published.get(baseUrl);
    const published = known ?? this.#publish(baseUrl);
    this.#published.delete(baseUrl);
    this.#published.set(baseUrl, published);
    for (const url of this.#published.keys()) {
      if (this.#published.size <= maxPublished) break;
      this.#published.delete(url);
    }
    return await published;
  }

  async #publish(baseUrl: string): Promise<readonly PublishedWorld[]> {
    try {
      const worlds = await this.#allWorlds();
      return await Promise.all(worlds.map((world) => publishWorld(world, baseUrl, this.#announced)));
    } catch (error) {
      this.#published.delete(baseUrl);
      throw error;
    }
  }

  /** `undefined` for an engine that belongs to no world of ours. */
  #worldOf({ worldId, engine }: ListedInstance, worlds: readonly WorldIdentity[]): WorldIdentity | undefined {
    const { worldOf } = this.#options;
    if (worldId !== undefined) return worlds.find((world) => world.worldId === worldId);
    if (worldOf === undefined) return worlds[0];
    const slug = worldOf(engine);
    return worlds.find((world) => world.slug === slug);
  }

  /** What fails is tried again the next time. */
  async #allWorlds(): Promise<readonly WorldIdentity[]> {
    this.#worlds ??= this.#options.worlds();
    try {
      return await this.#worlds;
    } catch (error) {
      this.#worlds = undefined;
      throw error;
    }
  }

  #nowSeconds(): number {
    return Math.floor(this.#now() / 1_000);
  }
}

function succeed(name: string, payload: object): WorldAnswer {
  return { status: 200, body: { status: `${statusPrefix}success.${name}`, payload } };
}

function checkMethod(method: string, expected: "GET" | "POST"): void {
  if (method === expected || (expected === "GET" && method === "HEAD")) return;
  throw new WorldRefusal("http.method_not_allowed", `this is asked for with ${expected}`);
}

function parameter(query: URLSearchParams, name: string): string | undefined {
  const [value, ...others] = query.getAll(name);
  if (others.length > 0) throw new WorldRefusal("json.invalid_payload", `the query has more than one ${name}`);
  if (value === "") throw new WorldRefusal("json.invalid_payload", `the query has an empty ${name}`);
  return value;
}

function required(query: URLSearchParams, name: string): string {
  const value = parameter(query, name);
  if (value === undefined) throw new WorldRefusal("json.invalid_payload", `the query needs a ${name}`);
  return value;
}

/** Why a world is not here: its id is none, or nobody knows it. */
function worldNotFound(worldId: string | undefined): WorldRefusal {
  try {
    if (worldId !== undefined) parseIdentity(worldId, "world");
  } catch (cause) {
    return refuseIdentity(cause);
  }
  return new WorldRefusal("world.not_found", "this server hosts no such world");
}

function parseBody(body: Uint8Array = new Uint8Array()): unknown {
  let value: unknown;
  try {
    value = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    if (!(cause instanceof InvalidJsonError) && !(cause instanceof TypeError)) throw cause;
    throw new WorldRefusal("json.invalid_json", "the body is not JSON in UTF-8, or has fields twice", { cause });
  }
  refuseMalformed(() => new Fields(value, "body"));
  return value;
}

function defaultSocketUri(instanceId: string, baseUrl: string): string {
  return new URL(`ws/${instanceId}`, baseUrl.replace(/^http/, "ws")).href;
}
