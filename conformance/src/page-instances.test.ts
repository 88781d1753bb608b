import { once } from "node:events";
import { createServer } from "node:http";
import { createMockMod } from "@resoio/mock-server";
import { attachProxy, createProxy, createWorldIdentity, EngineList, type ProxyOptions } from "@resoio/web-proxy";
import { createSigningKey } from "@resoio/web-proxy/instances";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { missingChromium, openPage, pageFolder, sharedPage } from "./testing/chromium.ts";

const names = ["Gallery", "Workshop"];

describe.skipIf(missingChromium() !== undefined)("world instances, from a page in Chromium", () => {
  let stack: AsyncDisposableStack;

  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(async () => {
    await stack.disposeAsync();
  });

  /** A proxy in front of two mods, whose worlds have their names, with a page of its own. */
  async function proxyOptions(): Promise<ProxyOptions> {
    const engines = new EngineList();
    for (const name of names) {
      const openWorlds = [{ name, accessLevel: "Anyone" as const }];
      const mod = createMockMod({ scenario: { openWorlds, records: [{ name: "Garden" }] } });
      stack.defer(() => mod.close());
      engines.add({ name, transport: mod.transport() });
    }
    const key = await createSigningKey(new Uint8Array(32).fill(1));
    const identities = [createWorldIdentity(key, { slug: "world", name: "Lab" })];
    return { engines, port: 0, staticDirectory: await pageFolder(), world: { identities } };
  }

  async function openProxy(options: ProxyOptions = {}) {
    const common = await proxyOptions();
    const proxy = stack.use(await createProxy({ ...common, ...options, world: { ...common.world, ...options.world } }));
    return { url: proxy.url, address: `${new URL(proxy.url).host}/world` };
  }

  async function openPageAt(url: string) {
    const page = await openPage(url);
    stack.defer(() => page.close());
    return page;
  }

  it("are resolved, verified, listed, and joined, each the one that was meant", async () => {
    const { url, address } = await openProxy();
    const page = await openPageAt(url);
    const seen = await page.evaluate(async (where) => {
      const { resolveWorld, listInstances, joinInstance } = proxyInstances;
      const world = await resolveWorld(where);
      // They come in no order that means something.
      const listed = (await listInstances(world)).toSorted((a, b) => (a.name ?? "").localeCompare(b.name ?? ""));
      const current: (string | undefined)[] = [];
      for (const { id: instanceId } of listed) {
        const resonite = await joinInstance(where, { instanceId });
        current.push((await resonite.world.getCurrent())?.name);
        await resonite.close();
      }
      return { name: world.profile?.name, listed: listed.map(({ name, state }) => [name, state]), current };
    }, address);
    expect(seen).toEqual({ name: "Lab", listed: names.map((name) => [name, "open"]), current: names });
  });

  it("are picked, and seen through their camera", async () => {
    const { url, address } = await openProxy();
    const page = await openPageAt(url);
    const size = await page.evaluate(async (where) => {
      const resonite = await proxyInstances.joinInstance(where);
      for await (const { width, height, pixels } of resonite.camera.stream())
        return [width * height * 4, pixels.length];
      return undefined;
    }, address);
    expect(size?.[0]).toBeGreaterThan(0);
    expect(size?.[1]).toBe(size?.[0]);
  });

  it("are refused when anything of the world was changed on the way", async () => {
    const { url, address } = await openProxy();
    const page = await openPageAt(url);
    const codes = await page.evaluate(async (where) => {
      const changed = async (from: string, to: string): Promise<unknown> => {
        const inTheMiddle: typeof fetch = async (input, init) =>
          new Response((await (await fetch(input, init)).text()).replaceAll(from, to));
        try {
          await proxyInstances.joinInstance(where, { fetch: inTheMiddle });
          return "joined";
        } catch (error) {
          return error instanceof proxyInstances.WorldVerificationError ? error.code : String(error);
        }
      };
      return [
        await changed(`"name":"Lab"`, `"name":"Bad"`),
        await changed(`"hostLiveSession"`, `"hostDeadSession"`),
        await changed(`"name":"Gallery"`, `"name":"Callery"`),
        await changed("nothing", "something"),
      ];
    }, address);
    expect(codes.slice(0, 3)).not.toContain("joined");
    expect(new Set(codes).size).toBe(4);
    expect(codes[3]).toBe("joined");
  });

  it("are created with a key of the page's own, where that is allowed", async () => {
    const record = { recordId: "R-garden", ownerId: "U-resonite" };
    const createInstance = { record, players: "anybody" } as const;
    const { url, address } = await openProxy({ world: { createInstance } });
    const page = await openPageAt(url);
    const created = await page.evaluate(async (where) => {
      const { createInstance: create, createSigningKey: createKey, resolveWorld } = proxyInstances;
      const player = await createKey(crypto.getRandomValues(new Uint8Array(32)));
      const { name, state, capacity } = await create(await resolveWorld(where), { player, name: "Mine", capacity: 5 });
      return { name, state, capacity };
    }, address);
    expect(created).toEqual({ name: "Mine", state: "open", capacity: 5 });
  });

  it("are shown to pages of other origins only where the proxy says so", async () => {
    const { page } = await sharedPage();
    const codeAt = async (address: string): Promise<unknown> =>
      await page.evaluate(async (where) => {
        try {
          return (await proxyInstances.listInstances(await proxyInstances.resolveWorld(where))).length;
        } catch (error) {
          return error instanceof proxyInstances.WorldServerError ? error.code : String(error);
        }
      }, address);
    expect(await codeAt((await openProxy()).address)).toBe("WORLD_SERVER_UNREACHABLE");
    expect(await codeAt((await openProxy({ world: { isOpenToAllOrigins: true } })).address)).toBe(2);
  });

  it("are found under a path on somebody else's server, by a page that knows no more than where it is", async () => {
    const server = createServer((_, response) => response.writeHead(404).end());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    stack.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port: _, ...options } = await proxyOptions();
    const proxy = stack.use(await attachProxy(server, { ...options, path: "/some/path" }));
    const page = await openPageAt(`${proxy.url}index.html`);
    const worldId = (await createSigningKey(new Uint8Array(32).fill(1))).publicKey;
    const joined = await page.evaluate(
      async (key) => {
        const base = new URL(".", location.href).href;
        const world = proxyInstances.worldIdOf(new Uint8Array(key));
        const resonite = await proxyInstances.joinInstance(world, { server: base });
        const name = (await resonite.world.getCurrent())?.name;
        await resonite.close();
        const [first] = await proxyInstances.listInstances(await proxyInstances.resolveWorld(world, { server: base }));
        const direct = await proxyClient.connectProxy({ url: `./ws/${first?.id}` });
        const { message } = await direct.connection.ping("here");
        await direct.close();
        return [name, message];
      },
      [...worldId],
    );
    expect(joined).toEqual([expect.stringMatching(/Gallery|Workshop/), "here"]);
  });
});
