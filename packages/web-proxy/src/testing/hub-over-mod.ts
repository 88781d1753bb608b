import { createMockMod, type MockMod, type MockModOptions, startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import { createHub, type Hub } from "../server/hub.js";
import { createUpstream } from "../server/upstream.js";

/** A hub in front of a simulated mod. */
export interface HubOverMod extends AsyncDisposable {
  readonly mod: MockMod;
  readonly hub: Hub;
}

/** The ways in which a hub reaches a mod. */
export const upstreams = [
  { name: "a transport in process", open: openInProcess },
  { name: "a Unix socket", open: openOverSocket },
] as const;

async function openInProcess(options: MockModOptions = {}): Promise<HubOverMod> {
  const mod = createMockMod(options);
  const hub = createHub(createUpstream("default", mod.transport()));
  return { mod, hub, [Symbol.asyncDispose]: async () => await mod.close() };
}

async function openOverSocket(options: MockModOptions = {}): Promise<HubOverMod> {
  const mod = await startMockServer(options);
  const transport = createUdsTransport({ socketPath: mod.socketPath });
  const hub = createHub(createUpstream("default", transport));
  return {
    mod,
    hub,
    async [Symbol.asyncDispose]() {
      await transport.close();
      await mod.close();
    },
  };
}
