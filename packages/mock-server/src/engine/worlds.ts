import type { Scenario, ScenarioRecord, ScenarioSession } from "../scenarios/scenario.js";
import type { Clock } from "./clock.js";
import { EngineError } from "./engine-error.js";
import type { Person } from "./people.js";
import { placeFromName } from "./place.js";
import { pollUntil } from "./sleep.js";
import type { World } from "./world.js";

const runningTiming = { intervalMs: 250, timeoutMs: 60_000 };
const focusTiming = { intervalMs: 100, timeoutMs: 30_000 };

/** What `join` and `startWorld` open. */
interface WorldToOpen {
  readonly sessionId: string;
  readonly name: string;
  readonly accessLevel: World["accessLevel"];
  readonly people: readonly Person[];
  readonly loading: "runs" | "fails" | "hangs";
}

/**
 * The worlds that are open, and which one the user is in. Opening one never closes another.
 *
 * As in the game, a change of focus takes effect with the next tick, and callers wait until they see it.
 */
export class Worlds {
  readonly #clock: Clock;
  readonly #scenario: Scenario;
  readonly #open: World[] = [];
  #focused: World | undefined;
  #focusAtNextTick: World | undefined;
  #nextHandle = 1;

  constructor(clock: Clock, scenario: Scenario) {
    this.#clock = clock;
    this.#scenario = scenario;
    for (const { sessionId, name, accessLevel, visitors } of scenario.openWorlds) {
      const others = visitors.map((userName) => ({ userId: `U-${userName}`, userName, isLocal: false }));
      this.#add({ name, accessLevel, people: [this.#localPerson(), ...others] }, { sessionId, state: "running" });
    }
    this.#focused = this.#open[0];
  }

  /** All open worlds in the order in which they were opened, loading ones included. */
  get open(): readonly World[] {
    return this.#open;
  }

  /** The world that the user is in. */
  get focused(): World | undefined {
    return this.#focused;
  }

  /** Finds an open world. Throws `notFound`. */
  byName(name: string): World {
    const world = this.#open.find((candidate) => candidate.name === name);
    if (world === undefined) throw new EngineError("notFound", `No open world is named '${name}'.`);
    return world;
  }

  /**
   * Opens a session and waits until it runs and, with `focus`, until the user is in it. A `url` wins over a `sessionId`.
   *
   * Throws `notFound` for a target that leads nowhere and `notReady` when loading fails or takes too long.
   */
  async join(
    target: { readonly sessionId: string; readonly url: string; readonly focus: boolean },
    signal: AbortSignal,
  ): Promise<World> {
    const session = target.url === "" ? this.#sessionById(target.sessionId) : this.#sessionByUrl(target.url);
    return await this.#openAndWait(
      {
        sessionId: session.sessionId,
        name: session.name,
        accessLevel: session.accessLevel,
        people: [...session.users.map((user) => ({ ...user, isLocal: false })), this.#localPerson()],
        loading: session.loading ?? "runs",
      },
      target.focus,
      signal,
    );
  }

  /** Starts a session from a saved world; otherwise as {@link join}. */
  async start(
    target: { readonly recordId: string; readonly ownerId: string; readonly focus: boolean },
    signal: AbortSignal,
  ): Promise<World> {
    const record = this.#record(target.ownerId, target.recordId);
    const number = this.#nextHandle;
    return await this.#openAndWait(
      {
        sessionId: `S-${record.recordId.replace(/^R-/, "")}-${number}`,
        name: record.name,
        accessLevel: "Private",
        people: [this.#localPerson()],
        loading: "runs",
      },
      target.focus,
      signal,
    );
  }

  /** Goes to an open world and waits until the user is there. Throws `notFound` for a handle that is not open. */
  async focus(handle: number, signal: AbortSignal): Promise<World> {
    const world = this.#byHandle(handle);
    await this.#focusAndWait(world, signal);
    return world;
  }

  /** Closes a world. What was opened before it, if anything, gets the focus. Throws `notFound`. */
  leave(handle: number): void {
    const world = this.#byHandle(handle);
    this.#open.splice(this.#open.indexOf(world), 1);
    if (this.#focusAtNextTick === world) this.#focusAtNextTick = undefined;
    if (this.#focused === world) this.#focused = this.#open.findLast(({ state }) => state === "running");
  }

  /** Applies what was asked for since the last tick. */
  tick(): void {
    if (this.#focusAtNextTick === undefined) return;
    this.#focused = this.#focusAtNextTick;
    this.#focusAtNextTick = undefined;
  }

  async #openAndWait(target: WorldToOpen, focus: boolean, signal: AbortSignal): Promise<World> {
    const world = this.#add(target, { sessionId: "", state: "loading" });
    if (target.loading !== "hangs") {
      this.#clock.schedule(this.#scenario.worldLoadMs, () => {
        world.state = target.loading === "fails" ? "failed" : "running";
        if (world.state === "running") world.sessionId = target.sessionId;
        else this.#open.splice(this.#open.indexOf(world), 1);
      });
    }
    const isSettled = await pollUntil(this.#clock, () => world.state !== "loading", runningTiming, signal);
    if (!isSettled) throw new EngineError("notReady", `World '${world.name}' was not running after 60 seconds.`);
    if (world.state === "failed") throw new EngineError("notReady", `World '${world.name}' failed to load.`);
    if (focus) await this.#focusAndWait(world, signal);
    return world;
  }

  async #focusAndWait(world: World, signal: AbortSignal): Promise<void> {
    if (this.#focused === world) return;
    this.#focusAtNextTick = world;
    const isFocused = await pollUntil(this.#clock, () => this.#focused === world, focusTiming, signal);
    if (!isFocused) throw new EngineError("notReady", `World '${world.name}' was not focused after 30 seconds.`);
  }

  #add(
    world: Pick<WorldToOpen, "name" | "accessLevel" | "people">,
    start: { readonly sessionId: string; readonly state: World["state"] },
  ): World {
    const added: World = {
      handle: this.#nextHandle++,
      name: world.name,
      accessLevel: world.accessLevel,
      people: [...world.people],
      place: this.#scenario.places[world.name] ?? placeFromName(world.name),
      ...start,
    };
    this.#open.push(added);
    return added;
  }

  #localPerson(): Person {
    return { ...this.#scenario.localUser, isLocal: true };
  }

  #byHandle(handle: number): World {
    const world = this.#open.find((candidate) => candidate.handle === handle);
    if (world === undefined) throw new EngineError("notFound", `No open world has the handle ${handle}.`);
    return world;
  }

  #sessionById(sessionId: string): ScenarioSession {
    if (sessionId === "") throw new EngineError("notFound", "Neither a session id nor a session URL was given.");
    const session = this.#scenario.sessions.find((candidate) => candidate.sessionId === sessionId);
    if (session === undefined) throw new EngineError("notFound", `Session '${sessionId}' is not known.`);
    if (session.urls.length === 0) throw new EngineError("notFound", `Session '${sessionId}' has no URL.`);
    return session;
  }

  #sessionByUrl(url: string): ScenarioSession {
    if (!URL.canParse(url)) throw new EngineError("notFound", `'${url}' is not an absolute URI.`);
    const session = this.#scenario.sessions.find(({ urls }) => urls.includes(url));
    if (session === undefined) throw new EngineError("notFound", `Nothing was found at '${url}'.`);
    return session;
  }

  #record(ownerId: string, recordId: string): ScenarioRecord {
    if (ownerId === "" || recordId === "") {
      throw new EngineError("notFound", "A world record is named by both its owner id and its record id.");
    }
    const record = this.#scenario.records.find((item) => item.ownerId === ownerId && item.recordId === recordId);
    if (record === undefined)
      throw new EngineError("notFound", `Record '${ownerId}/${recordId}' could not be fetched.`);
    return record;
  }
}
