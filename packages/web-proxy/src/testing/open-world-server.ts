import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createMockMod, type MockMod, type ScenarioInput } from "@resoio/mock-server";
import { EngineList } from "../server/world/engine-list.js";
import { openToEverybody, serveWorld } from "../server/world/world-endpoint.js";
import { createWorldIdentity, type WorldDescription, type WorldIdentity } from "../server/world/world-identity.js";
import { WorldServer, type WorldServerOptions } from "../server/world/world-server.js";
import { worldKey } from "./world-vectors.js";

/** A WorldServer that listens, with engines that a test brings. */
export interface OpenWorldServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  /** `127.0.0.1:<port>/world` */
  readonly address: string;
  readonly server: WorldServer;
  readonly engines: EngineList;
  readonly world: WorldIdentity;
  /** Brings a simulated engine. */
  addEngine(name: string, scenario?: ScenarioInput): MockMod;
}

/** Options of {@link openWorldServer}. */
export interface OpenWorldServerOptions extends Partial<Omit<WorldServerOptions, "engines" | "worlds">> {
  /** What the world is like. Default: as `createWorldIdentity` makes it. */
  readonly world?: Partial<WorldDescription>;
  /** Further worlds. Default none. */
  readonly others?: readonly WorldIdentity[];
}

/** Starts a WorldServer at any port. What mods tell is never kept, so that a test sees every change at once. */
export async function openWorldServer(options: OpenWorldServerOptions = {}): Promise<OpenWorldServer> {
  const { world: description, others = [], ...serverOptions } = options;
  const world = createWorldIdentity(await worldKey(), {
    slug: "world",
    name: "Test World",
    createdAt: 1_770_000_000,
    ...description,
  });
  const engines = new EngineList();
  const mods: MockMod[] = [];
  const worlds = async (): Promise<readonly WorldIdentity[]> => [world, ...others];
  const server = new WorldServer({ maxAgeMs: 0, ...serverOptions, engines, worlds });
  server.start();
  const http = createServer((request, response) => {
    openToEverybody(response);
    void serveWorld(request, response, {
      server,
      url: request.url ?? "/",
      baseUrl: `http://${request.headers.host}/`,
    });
  });
  const port = await listen(http);
  return {
    url: `http://127.0.0.1:${port}/`,
    address: `127.0.0.1:${port}/world`,
    server,
    engines,
    world,
    addEngine(name, scenario = { openWorlds: [{ name, accessLevel: "Anyone" }] }) {
      const mod = createMockMod({ scenario });
      mods.push(mod);
      engines.add({ name, transport: mod.transport() });
      return mod;
    },
    async [Symbol.asyncDispose]() {
      server.stop();
      http.closeAllConnections();
      http.close();
      for (const mod of mods) await mod.close();
    },
  };
}

async function listen(http: Server): Promise<number> {
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  if (typeof address !== "object" || address === null) throw new Error("a server at a port has a port");
  return address.port;
}
