import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "./engine/clock.js";
import { Engine } from "./engine/engine.js";
import type { FaultPlanInput } from "./faults/fault-plan.js";
import { Faults } from "./faults/faults.js";
import { createInProcessTransport, type InProcessTransport } from "./in-process/create-in-process-transport.js";
import { createPlayback } from "./playback/create-playback.js";
import type { PlayOptions } from "./playback/play-options.js";
import type { Playback } from "./playback/playback.js";
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
  /**
   * A recording that answers in place of the simulation: camera, speaker, and the calls that were recorded. Default: none.
   * `startMockServer` takes a file as well.
   */
  readonly play?: PlayOptions | undefined;
}

/** A simulated mod in this process. */
export interface MockMod extends AsyncDisposable {
  /** The simulated game, to look at and to change things behind the back of the callers. */
  readonly engine: Engine;
  /** What goes wrong; can be changed at any time. */
  readonly faults: Faults;
  /** The time of the recording that is played. `undefined` without one. */
  readonly playback: Playback | undefined;
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

/** A mod that plays a recording. */
export type Playing<Mod extends MockMod> = Mod & { readonly playback: Playback };

/**
 * Makes a simulated mod without a socket.
 *
 * Throws `InvalidScenarioError`, `InvalidFaultPlanError`, and for a recording `InvalidOptionsError` and `UnplayableRecordingError`.
 */
export function createMockMod(options: MockModOptions & { readonly play: PlayOptions }): Playing<MockMod>;
export function createMockMod(options?: MockModOptions): MockMod;
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

/** What a server needs. */
export interface MockParts {
  readonly mod: MockMod;
  readonly routes: Routes;
  /** Resolves when the recording is where it begins. Rejects when it cannot be played. */
  readonly ready: Promise<void>;
}

/** Makes a mod with what a server needs. `recordingName` is how messages name the recording. */
export function createMockParts(options: MockModOptions, recordingName = "the recording"): MockParts {
  const { scenario = {}, faults: plan = {}, clock, play } = options;
  const complete = parseScenario({ ...defaultScenario, ...scenario });
  const engine = new Engine({ scenario: complete, ...(clock === undefined ? {} : { clock }) });
  const played = play && createPlayback(play, { name: recordingName, clock: engine.clock });
  engine.lifecycle.onStage((stage) => played?.onStage(stage));
  const faults = new Faults(engine, plan);
  const routes = createRoutes(createHandlers(engine), engine, faults, played?.standIn);
  const ended = new AbortController();
  const close = async (): Promise<void> => {
    engine[Symbol.dispose]();
    ended.abort(new ConnectError("the mod is shutting down", Code.Unavailable));
    await played?.close();
  };
  const mod: MockMod = {
    engine,
    faults,
    playback: played?.playback,
    transport: () => createInProcessTransport({ routes, shutdownSignal: ended.signal }),
    close,
    [Symbol.asyncDispose]: close,
  };
  return { mod, routes, ready: played?.ready ?? Promise.resolve() };
}
