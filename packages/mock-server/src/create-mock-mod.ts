import { createRouterTransport, type Transport } from "@connectrpc/connect";
import type { Clock } from "./engine/clock.js";
import { Engine } from "./engine/engine.js";
import { defaultScenario } from "./scenarios/default-scenario.js";
import type { Scenario } from "./scenarios/scenario.js";
import { createRoutes, type Routes } from "./server/routes.js";
import { createHandlers } from "./services/create-handlers.js";

/** Options of {@link createMockMod}. */
export interface MockModOptions {
  /** How the simulation starts. Given in part, the rest is that of the default scenario. */
  readonly scenario?: Partial<Scenario>;
  /** The time that it lives in. Default: real time. `createVirtualClock()` gives a time that a test moves. */
  readonly clock?: Clock;
}

/** A simulated mod in this process. */
export interface MockMod extends AsyncDisposable {
  /** The simulated game, to look at and to change things behind the back of the callers. */
  readonly engine: Engine;
  /** A Connect transport that reaches the mod without a socket. All of them share the one engine. */
  transport(): Transport;
  /** Stops the engine. May be called more than once. */
  close(): Promise<void>;
}

/** Makes a simulated mod without a socket. */
export function createMockMod(options: MockModOptions = {}): MockMod {
  return createMockParts(options).mod;
}

/** A mod with the routes that a server needs. */
export function createMockParts(options: MockModOptions): { readonly mod: MockMod; readonly routes: Routes } {
  const { scenario = {}, clock } = options;
  const engine = new Engine({
    scenario: { ...defaultScenario, ...scenario },
    ...(clock === undefined ? {} : { clock }),
  });
  const handlers = createHandlers(engine);
  const routes = createRoutes(handlers);
  const close = async (): Promise<void> => engine[Symbol.dispose]();
  const mod: MockMod = {
    engine,
    transport: () => inProcessTransport(routes),
    close,
    [Symbol.asyncDispose]: close,
  };
  return { mod, routes };
}

function inProcessTransport(routes: Routes): Transport {
  return createRouterTransport(({ rpc }) => {
    for (const { spec } of routes.values()) {
      switch (spec.kind) {
        case "unary":
          rpc(spec.method, spec.impl);
          break;
        case "server_streaming":
          rpc(spec.method, spec.impl);
          break;
        case "client_streaming":
          rpc(spec.method, spec.impl);
          break;
        case "bidi_streaming":
          rpc(spec.method, spec.impl);
          break;
      }
    }
  });
}
