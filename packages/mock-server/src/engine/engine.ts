import type { Scenario } from "../scenarios/scenario.js";
import { Avatar } from "./avatar.js";
import { Camera } from "./camera.js";
import { type CancelTask, type Clock, createRealClock } from "./clock.js";
import { Cloud } from "./cloud.js";
import { type Picture, renderScene } from "./picture/render-scene.js";
import { sceneOf } from "./scene-of.js";
import type { World } from "./world.js";
import { Worlds } from "./worlds.js";

const ticksPerSecond = 60;

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
export class Engine implements Disposable {
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly worlds: Worlds;
  readonly cloud: Cloud;
  readonly avatar = new Avatar();
  readonly camera: Camera;
  #worldOfAvatar: World | undefined;
  #cancelTick: CancelTask = () => {};

  constructor(options: EngineOptions) {
    this.scenario = options.scenario;
    this.clock = options.clock ?? createRealClock();
    this.worlds = new Worlds(this.clock, this.scenario);
    this.cloud = new Cloud(this.scenario);
    this.camera = new Camera(this.clock, this.scenario.cameraFps, () => this.#draw());
    this.#moveAvatar();
    this.#scheduleTick();
  }

  /** Stops time. */
  [Symbol.dispose](): void {
    this.#cancelTick();
  }

  #scheduleTick(): void {
    const task = (): void => {
      this.#scheduleTick();
      this.#tick();
    };
    this.#cancelTick = this.clock.schedule(1000 / ticksPerSecond, task, { background: true });
  }

  #tick(): void {
    this.worlds.tick();
    this.#moveAvatar();
  }

  /** The avatar begins at the entrance of every world that it comes to. */
  #moveAvatar(): void {
    const world = this.worlds.focused;
    if (world === this.#worldOfAvatar) return;
    this.#worldOfAvatar = world;
    if (world !== undefined) this.avatar.enter(world.place.room);
  }

  #draw(): Picture {
    const { width, height } = this.scenario.display;
    const picture = { width, height, pixels: Buffer.allocUnsafeSlow(width * height * 4) };
    renderScene(sceneOf(this.worlds.focused, this.avatar), picture);
    return picture;
  }
}
