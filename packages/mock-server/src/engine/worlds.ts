import type { ScenarioRecord, ScenarioSession } from "../scenarios/parts/cloud.js";
import type { ScenarioWorld } from "../scenarios/parts/open-world.js";
import type { Scenario } from "../scenarios/scenario.js";
import { addWorld, newSlotId } from "./add-world.js";
import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";
import { pollUntil } from "./sleep.js";
import { worldOfRecord, worldOfSession } from "./world-from-cloud.js";
import type { WorldState } from "./world-state.js";

/** Which worlds are open, and which one the user is in. */
export interface WorldsState {
  /** In the order in which they were opened. */
  readonly open: WorldState[];
  focusedHandle: number | undefined;
  /** Becomes the focus with the next tick, or as soon as it runs. */
  nextFocusedHandle: number | undefined;
  nextHandle: number;
  nextSlotNumber: number;
}

const runningTiming = { intervalMs: 250, timeoutMs: 60_000 };
const focusTiming = { intervalMs: 100, timeoutMs: 30_000 };

/** Makes the state at the start: all worlds of the scenario run, the first one is focused. */
export function initialWorlds(scenario: Scenario): WorldsState {
  const state: WorldsState = {
    open: [],
    focusedHandle: undefined,
    nextFocusedHandle: undefined,
    nextHandle: 1,
    nextSlotNumber: 0x1000,
  };
  for (const world of scenario.openWorlds) addWorld(state, scenario, world);
  state.focusedHandle = state.open[0]?.handle;
  return state;
}

/**
 * The worlds that are open. Opening one never closes another. As in the game, a change of focus takes effect with the next
 * tick, and callers wait until they see it.
 */
export class Worlds {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** All open worlds in the order in which they were opened, loading ones included. */
  get open(): readonly WorldState[] {
    return this.#state.open;
  }

  /** The world that the user is in. */
  get focused(): WorldState | undefined {
    const { focusedHandle } = this.#state;
    return focusedHandle === undefined ? undefined : this.#find(focusedHandle);
  }

  /** The world that the user is in. Throws `notReady` when there is none. */
  requireFocused(): WorldState {
    const world = this.focused;
    if (world === undefined) throw new EngineError("notReady", "No world is focused.");
    return world;
  }

  /** Finds an open world by the name under which it was opened. Throws `notFound`. */
  byName(name: string): WorldState {
    const world = this.#state.open.find((candidate) => candidate.name === name);
    if (world === undefined) throw new EngineError("notFound", `No open world is named '${name}'.`);
    return world;
  }

  /** Finds an open world. Throws `notFound`. */
  byHandle(handle: number): WorldState {
    const world = this.#find(handle);
    if (world === undefined) throw new EngineError("notFound", `No open world has the handle ${handle}.`);
    return world;
  }

  /**
   * Opens a session and waits until it runs and, with `focus`, until the user is in it. A `url` wins over a `sessionId`. A
   * session that is open already is not opened again.
   *
   * Throws `notFound` for a target that leads nowhere and `notReady` when loading fails or takes too long.
   */
  async join(
    target: { readonly sessionId: string; readonly url: string; readonly focus: boolean },
    signal: AbortSignal,
  ): Promise<WorldState> {
    const session = target.url === "" ? this.#sessionById(target.sessionId) : this.#sessionByUrl(target.url);
    const present = this.#state.open.find(({ futureSessionId }) => futureSessionId === session.sessionId);
    const world = worldOfSession(session, this.#context.scenario.localUser.userId);
    return await this.#waitUntilRunning(present ?? this.#openNew(world, session.loading), target.focus, signal);
  }

  /** Starts a session from a saved world, as its host; otherwise as {@link join}. */
  async start(
    target: { readonly recordId: string; readonly ownerId: string; readonly focus: boolean },
    signal: AbortSignal,
  ): Promise<WorldState> {
    const record = this.#record(target.ownerId, target.recordId);
    const sessionId = `S-${record.recordId.replace(/^R-/, "")}-${this.#state.nextHandle}`;
    return await this.#waitUntilRunning(this.#openNew(worldOfRecord(record, sessionId), "runs"), target.focus, signal);
  }

  /**
   * Goes to an open world and waits until the user is there; one that is still loading is gone to when it runs. Throws
   * `notFound` for a handle that is not open, and `notReady` when it takes longer than 30 seconds.
   */
  async focus(handle: number, signal: AbortSignal): Promise<WorldState> {
    const { name } = this.byHandle(handle);
    this.#state.nextFocusedHandle = handle;
    if (this.#state.focusedHandle !== handle) this.#context.changed({ what: "worldFocusWanted", handle });
    const isOver = (): boolean => this.#state.focusedHandle === handle || this.#find(handle) === undefined;
    if (!(await pollUntil(this.#context.clock, isOver, focusTiming, signal))) {
      throw new EngineError("notReady", `World '${name}' was not focused after 30 seconds.`);
    }
    const world = this.#find(handle);
    if (world === undefined) throw new EngineError("notReady", `World '${name}' was closed before it was focused.`);
    return world;
  }

  /** Closes a world. The running one that was opened last, if any, gets the focus. Throws `notFound`. */
  leave(handle: number): void {
    const state = this.#state;
    state.open.splice(state.open.indexOf(this.byHandle(handle)), 1);
    this.#context.changed({ what: "worldLeft", handle });
    if (state.focusedHandle !== handle) return;
    this.#setFocus(state.open.findLast((world) => world.state === "running")?.handle);
  }

  /** Lets loading go on and applies the focus that was asked for since the last tick. */
  tick(): void {
    const state = this.#state;
    const nowMs = this.#context.clock.nowMs();
    for (const world of [...state.open]) {
      if (world.state === "loading" && world.loadedAtMs !== undefined && nowMs >= world.loadedAtMs) this.#finish(world);
    }
    if (state.nextFocusedHandle === undefined) return;
    const next = this.#find(state.nextFocusedHandle);
    if (next?.state === "loading") return;
    state.nextFocusedHandle = undefined;
    if (next !== undefined) this.#setFocus(next.handle);
  }

  /** Makes the id of a new thing in a world. */
  newSlotId(): string {
    return newSlotId(this.#state);
  }

  get #state(): WorldsState {
    return this.#context.state.worlds;
  }

  #find(handle: number): WorldState | undefined {
    return this.#state.open.find((world) => world.handle === handle);
  }

  #setFocus(handle: number | undefined): void {
    if (this.#state.focusedHandle === handle) return;
    this.#state.focusedHandle = handle;
    this.#context.changed({ what: "worldFocused", handle });
  }

  #finish(world: WorldState): void {
    const { handle, outcome, futureSessionId: sessionId } = world;
    if (outcome === "failed") {
      this.#state.open.splice(this.#state.open.indexOf(world), 1);
      this.#context.changed({ what: "worldFailed", handle });
    } else {
      world.state = "running";
      world.sessionId = sessionId;
      this.#context.changed({ what: "worldRunning", handle, sessionId });
    }
  }

  #openNew(opened: ScenarioWorld, loading: ScenarioSession["loading"]): WorldState {
    const { clock, scenario } = this.#context;
    const world = addWorld(this.#state, scenario, opened, {
      loadedAtMs: loading === "hangs" ? undefined : clock.nowMs() + scenario.worldLoadMs,
      outcome: loading === "fails" ? "failed" : "running",
    });
    this.#context.changed({ what: "worldOpened", handle: world.handle, name: world.name });
    return world;
  }

  /** The world is looked up anew each time: it may have been closed, or the whole state replaced. */
  async #waitUntilRunning({ handle, name }: WorldState, focus: boolean, signal: AbortSignal): Promise<WorldState> {
    const isOver = (): boolean => this.#find(handle)?.state !== "loading";
    if (!(await pollUntil(this.#context.clock, isOver, runningTiming, signal))) {
      throw new EngineError("notReady", `World '${name}' was not running after 60 seconds.`);
    }
    const world = this.#find(handle);
    if (world === undefined)
      throw new EngineError("notReady", `World '${name}' failed to load, or was closed meanwhile.`);
    return focus ? await this.focus(handle, signal) : world;
  }

  #sessionById(sessionId: string): ScenarioSession {
    if (sessionId === "") throw new EngineError("notFound", "Neither a session id nor a session URL was given.");
    const session = this.#context.scenario.sessions.find((candidate) => candidate.sessionId === sessionId);
    if (session === undefined) throw new EngineError("notFound", `Session '${sessionId}' is not known.`);
    if (session.urls.length === 0) throw new EngineError("notFound", `Session '${sessionId}' has no URL.`);
    return session;
  }

  #sessionByUrl(url: string): ScenarioSession {
    if (!URL.canParse(url)) throw new EngineError("notFound", `'${url}' is not an absolute URI.`);
    const session = this.#context.scenario.sessions.find(({ urls }) => urls.includes(url));
    if (session === undefined) throw new EngineError("notFound", `Nothing was found at '${url}'.`);
    return session;
  }

  #record(ownerId: string, recordId: string): ScenarioRecord {
    if (ownerId === "" || recordId === "") {
      throw new EngineError("notFound", "A world record is named by both its owner id and its record id.");
    }
    const { records } = this.#context.scenario;
    const record = records.find((item) => item.ownerId === ownerId && item.recordId === recordId);
    if (record === undefined)
      throw new EngineError("notFound", `Record '${ownerId}/${recordId}' could not be fetched.`);
    return record;
  }
}
