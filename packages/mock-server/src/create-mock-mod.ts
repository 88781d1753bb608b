import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "./engine/clock.js";
import { Engine } from "./engine/engine.js";
import type { FaultPlanInput } from "./faults/fault-plan.js";
import { Faults } from "./faults/faults.js";
import { createInProcessTransport, type InProcessTransport } from "./in-process/create-in-process-transport.js";
import { defaultScenario } from "./scenarios/default-scenario.js";
import { parseScenario } from "./scenarios/parse-scenario.js";
import type { ScenarioInput } from "./scenarios/scenario.js";
import { createRoutes, type Routes } from "./server/routes.js";
import { createHandlers } from "./services/create-handlers.js";

/** Options of {@link createMockMod}. */
export interface MockModOptions {
  /** How the simulation starts. Whatever is left out is as in the default scenario. */
  readonly scenario?: ScenarioInput;
  /** What goes wrong. Default: nothing. */
  readonly faults?: FaultPlanInput;
  /** The time that it lives in. Default: real time. `createVirtualClock()` gives a time that a test moves. */
  readonly clock?: Clock;
}

/** A simulated mod in this process. */
export interface MockMod extends AsyncDisposable {
  /** The simulated game, to look at and to change things behind the back of the callers. */
  readonly engine: Engine;
  /** What goes wrong; can be changed at any time. */
  readonly faults: Faults;
  /**
   * A new Connect transport that reaches the mod without a socket. Each has its own calls, which end when it is closed; all of them
   * share the one engine.
   */
  transport(): InProcessTransport;
  /**
   * Stops the engine and ends the calls that are under way with `Unavailable`. `Lifecycle.Shutdown` does it too. May be called more
   * than once.
   */
  close(): Promise<void>;
}

/** Makes a simulated mod without a socket. */
export function createMockMod(options: MockModOptions = {}): MockMod {
  const { mod } = createMockParts(options);
  const { clock, lifecycle } = mod.engine;
  lifecycle.onStage((stage) => {
    if (stage === "host") clock.schedule(shutdownGraceMs, () => void mod.close(), { background: true });
  });
  return mod;
}

/** How long calls that are under way may last when a caller has shut the game down, in milliseconds. */
export const shutdownGraceMs = 30_000;

/** A mod with the routes that a server needs. */
export function createMockParts(options: MockModOptions): { readonly mod: MockMod; readonly routes: Routes } {
  const { scenario = {}, faults: plan = {}, clock } = options;
  const complete = parseScenario({ ...defaultScenario, ...scenario });
  const engine = new Engine({ scenario: complete, ...(clock === undefined ? {} : { clock }) });
  const faults = new Faults(engine, plan);
  const routes = createRoutes(createHandlers(engine), engine, faults);
  const ended = new AbortController();
  const close = async (): Promise<void> => {
    engine[Symbol.dispose]();
    ended.abort(new ConnectError("the mod is shutting down", Code.Unavailable));
  };
  const mod: MockMod = {
    engine,
    faults,
    transport: () => createInProcessTransport({ routes, shutdownSignal: ended.signal }),
    close,
    [Symbol.asyncDispose]: close,
  };
  return { mod, routes };
}
