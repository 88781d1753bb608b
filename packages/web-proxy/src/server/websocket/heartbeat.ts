import type { Clock } from "@resoio/core/internal";

/** Options of {@link Heartbeat}. All times are in milliseconds. */
export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** How long the client may be silent after a ping. */
  readonly timeoutMs: number;
  /** The interval while the client drives. */
  readonly drivingIntervalMs: number;
  /** How long a client that drives may be silent. */
  readonly drivingSilenceMs: number;
  readonly ping: () => void;
  readonly onMissed: () => void;
  readonly onDrivingMissed: () => void;
}

/** Asks a client again and again whether it is still there. Everything that it says is an answer. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #heardMs: number;
  #nextPingMs: number;
  #isDriving = false;
  #cancelTick = (): void => {};
  #judgement: NodeJS.Immediate | undefined;
  #isStopped = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    const nowMs = options.clock.nowMs();
    this.#heardMs = nowMs;
    this.#nextPingMs = nowMs + options.intervalMs;
    this.#arm();
  }

  /** The client has said something. */
  heard(): void {
    this.#heardMs = this.#options.clock.nowMs();
  }

  /** Whether the client steers something that must stop when the client is gone. */
  setDriving(isDriving: boolean): void {
    if (this.#isDriving === isDriving || this.#isStopped) return;
    this.#isDriving = isDriving;
    if (!isDriving) return;
    this.#nextPingMs = Math.min(this.#nextPingMs, this.#options.clock.nowMs() + this.#options.drivingIntervalMs);
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTick();
    clearImmediate(this.#judgement);
  }

  /** How long the client may be silent. */
  get #allowedMs(): number {
    const { intervalMs, timeoutMs, drivingSilenceMs } = this.#options;
    return this.#isDriving ? Math.min(drivingSilenceMs, intervalMs + timeoutMs) : intervalMs + timeoutMs;
  }

  get #silentMs(): number {
    return this.#options.clock.nowMs() - this.#heardMs;
  }

  #arm(): void {
    this.#cancelTick();
    if (this.#isStopped) return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const dueMs = Math.min(this.#nextPingMs, this.#heardMs + this.#allowedMs);
    this.#cancelTick = clock.schedule(Math.max(0, dueMs - nowMs), () => this.#tick());
  }

  #tick(): void {
    const { clock, intervalMs, drivingIntervalMs, ping } = this.#options;
    if (this.#silentMs >= this.#allowedMs) {
      // When this process itself stood still, its timers run before it hears from the network: the client may have answered.
      this.#judgement = setImmediate(() => this.#judge());
      return;
    }
    if (clock.nowMs() >= this.#nextPingMs) {
      this.#nextPingMs = clock.nowMs() + (this.#isDriving ? drivingIntervalMs : intervalMs);
      ping();
    }
    this.#arm();
  }

  #judge(): void {
    const { intervalMs, timeoutMs, onMissed, onDrivingMissed } = this.#options;
    if (this.#silentMs >= intervalMs + timeoutMs) {
      onMissed();
      return;
    }
    if (this.#silentMs >= this.#allowedMs) {
      this.#isDriving = false;
      onDrivingMissed();
    }
    this.#arm();
  }
}
