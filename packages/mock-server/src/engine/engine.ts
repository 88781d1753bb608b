import { type CallEntry, Journal } from "../journal/journal.js";
import type { Scenario } from "../scenarios/scenario.js";
import { Auth, initialAuth } from "./auth.js";
import { Avatar, initialAvatar } from "./avatar.js";
import { Camera } from "./camera.js";
import type { Change } from "./change.js";
import { type CancelTask, type Clock, createRealClock } from "./clock.js";
import { Cloud } from "./cloud.js";
import { Contacts, initialContacts } from "./contacts.js";
import { ContextMenus, initialContextMenus } from "./context-menus.js";
import { Cursor, initialCursor } from "./cursor.js";
import { Dash, initialDash } from "./dash.js";
import { Display, initialDisplay } from "./display.js";
import type { EngineContext } from "./engine-context.js";
import type { EngineState } from "./engine-state.js";
import { Grabber, initialGrabber } from "./grabber.js";
import { Inventory, initialInventory } from "./inventory.js";
import { initialLifecycle, Lifecycle } from "./lifecycle.js";
import { initialLocomotion, Locomotion } from "./locomotion.js";
import { initialMicrophone, Microphone } from "./microphone.js";
import { drawPicture, PictureCache } from "./picture/picture-cache.js";
import type { Picture } from "./picture/render-scene.js";
import { createRandom, type Random } from "./random.js";
import { sceneOf } from "./scene-of.js";
import { Session } from "./session.js";
import { initialSpeaker, Speaker } from "./speaker.js";
import { initialWorlds, Worlds } from "./worlds.js";

const tickMs = 1000 / 60;
const audioStepMs = 10;

/** Options of {@link Engine}. */
export interface EngineOptions {
  /** How everything starts. */
  readonly scenario: Scenario;
  /** The time that the engine lives in. Default: real time. */
  readonly clock?: Clock;
}

/**
 * The simulated game: plain state and rules, without gRPC. Nothing in it belongs to a connection; whatever one caller
 * changes, all others see.
 */
export class Engine implements EngineContext, Disposable {
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly worlds: Worlds;
  readonly session: Session;
  readonly cloud: Cloud;
  readonly contacts: Contacts;
  readonly inventory: Inventory;
  readonly dash: Dash;
  readonly contextMenus: ContextMenus;
  readonly avatar: Avatar;
  readonly locomotion: Locomotion;
  readonly grabber: Grabber;
  readonly cursor: Cursor;
  readonly display: Display;
  readonly camera: Camera;
  readonly speaker: Speaker;
  readonly microphone: Microphone;
  readonly auth: Auth;
  readonly lifecycle: Lifecycle;
  readonly #pictures = new PictureCache();
  readonly #waiters = new Set<() => void>();
  readonly #cancelTasks: [CancelTask, CancelTask] = [() => {}, () => {}];
  #state: EngineState;

  constructor(options: EngineOptions) {
    this.scenario = options.scenario;
    this.clock = options.clock ?? createRealClock();
    this.random = createRandom(this.scenario.seed);
    this.journal = new Journal(this.clock);
    this.#state = initialState(this.scenario);
    this.worlds = new Worlds(this);
    this.cloud = new Cloud(this);
    this.contacts = new Contacts(this);
    this.inventory = new Inventory(this, this.worlds);
    this.dash = new Dash(this);
    this.contextMenus = new ContextMenus(this, this.worlds);
    this.avatar = new Avatar(this, this.worlds);
    this.session = new Session(this, this.worlds, this.avatar);
    this.locomotion = new Locomotion(this, this.avatar);
    this.cursor = new Cursor(this, this.worlds);
    this.grabber = new Grabber(this, this);
    this.display = new Display(this);
    this.camera = new Camera(this.clock, this.scenario.cameraFps, () =>
      this.#pictures.draw(sceneOf(this), this.display),
    );
    this.microphone = new Microphone(this, this.worlds);
    this.speaker = new Speaker(this, this.worlds, this.avatar, this.microphone);
    this.auth = new Auth(this);
    this.lifecycle = new Lifecycle(this, {
      camera: () => this.camera.dispose(),
      display: () => {
        // Nothing of the window is left to undo.
      },
      locomotion: () => this.locomotion.dispose(),
      microphone: () => this.microphone.dispose(),
      speaker: () => this.speaker.complete(),
      cursor: () => this.cursor.dropHold(),
    });
    this.avatar.tick();
    this.#repeat(0, tickMs, () => this.#tick());
    this.#repeat(1, audioStepMs, () => this.speaker.step());
  }

  /** The state of all parts. A restore replaces it as a whole. */
  get state(): EngineState {
    return this.#state;
  }

  /** Puts a change into the journal and wakes up whoever waits in {@link until}. */
  changed(change: Change): void {
    this.journal.add({ kind: "change", ...change });
    this.#wake();
  }

  /** Puts a call into the journal and wakes up whoever waits in {@link until}. */
  called(entry: Omit<CallEntry, "kind" | "unixNanos">): void {
    this.journal.add({ kind: "call", ...entry });
    this.#wake();
  }

  /** A copy of the whole state, without secrets, for {@link restore} or to compare. */
  snapshot(): EngineState {
    return structuredClone(this.#state);
  }

  /** Puts a state from {@link snapshot} in the place of the present one. Time goes on as it is. */
  restore(snapshot: EngineState): void {
    this.#state = structuredClone(snapshot);
    this.#wake();
  }

  /**
   * Resolves as soon as `condition` holds. It is looked at now, and after every call, change and tick. Rejects with the
   * signal's reason when that is aborted before.
   */
  until(condition: (engine: Engine) => boolean, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const finish = (): void => {
      this.#waiters.delete(check);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      finish();
      reject(signal?.reason);
    };
    const check = (): void => {
      try {
        if (!condition(this)) return;
        resolve();
      } catch (error) {
        reject(error);
      }
      finish();
    };
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiters.add(check);
    check();
    return promise;
  }

  /** Draws what the window shows now. The same state always gives the same picture. */
  draw(): Picture {
    return drawPicture(sceneOf(this), this.display);
  }

  /** Stops time. */
  [Symbol.dispose](): void {
    for (const cancel of this.#cancelTasks) cancel();
  }

  #tick(): void {
    this.worlds.tick();
    this.cursor.tick();
    this.contextMenus.tick();
    this.avatar.tick();
    this.locomotion.tick();
    this.grabber.tick();
    this.display.tick();
    this.lifecycle.tick();
    this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiters]) check();
  }

  /** Keeps the beat: a task that comes late is followed by the next one sooner, unless a whole second was lost. */
  #repeat(index: 0 | 1, periodMs: number, task: () => void): void {
    let dueMs = this.clock.nowMs() + periodMs;
    const scheduleNext = (): void => {
      const delayMs = Math.max(0, dueMs - this.clock.nowMs());
      this.#cancelTasks[index] = this.clock.schedule(delayMs, run, { background: true });
    };
    const run = (): void => {
      const nowMs = this.clock.nowMs();
      dueMs = dueMs + 1000 < nowMs ? nowMs + periodMs : dueMs + periodMs;
      scheduleNext();
      task();
    };
    scheduleNext();
  }
}

function initialState(scenario: Scenario): EngineState {
  return {
    worlds: initialWorlds(scenario),
    contacts: initialContacts(scenario),
    inventory: initialInventory(scenario),
    dash: initialDash(scenario),
    contextMenus: initialContextMenus(),
    avatar: initialAvatar(),
    locomotion: initialLocomotion(),
    grabber: initialGrabber(),
    cursor: initialCursor(),
    display: initialDisplay(scenario),
    microphone: initialMicrophone(),
    speaker: initialSpeaker(),
    auth: initialAuth(scenario),
    lifecycle: initialLifecycle(),
  };
}
