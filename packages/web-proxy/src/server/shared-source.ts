import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Clock, type CreateWireCall, giveBack, SharedHold, type WireCall } from "@resoio/core/internal";
import type { ProxyCallTap } from "./recording/call-taps.js";
import { type Subscriber, Subscription, type SubscriptionSource } from "./subscription.js";

/** Options of {@link SharedSource}. */
export interface SharedSourceOptions {
  /** Makes the one upstream call. */
  readonly createCall: CreateWireCall;
  readonly method: DescMethod;
  /** The request for at most `rate` messages per second; `Infinity` for all. */
  readonly encodeRequest: (rate: number) => Uint8Array;
  /** How many messages wait for a subscriber that has paused. Beyond, the oldest is dropped and counted. */
  readonly capacity: number;
  /** Whether the upstream call is paused when no subscriber has taken a message for a second. */
  readonly isPausable: boolean;
  readonly clock: Clock;
  /** Told of each upstream call. Default: nobody. */
  readonly tap?: (() => ProxyCallTap) | undefined;
}

/** Figures of a {@link SharedSource}. All but `subscribers` only grow. */
export interface SharedSourceStats {
  /** Who is subscribed now. */
  readonly subscribers: number;
  /** Upstream calls that were started. */
  readonly upstreamCalls: number;
  /** Messages that came from upstream. */
  readonly frames: number;
  /** Messages that subscribers were too slow for. */
  readonly droppedFrames: number;
}

/** For a higher rate the call is made anew, but not more often than this. So pages that come and go cost others little. */
const raiseIntervalMs = 250;

/** How long a call with a higher rate than anybody needs is kept, counted from its start. */
const lowerIntervalMs = 2_000;

/** How long nobody may take a message before the upstream call is paused. */
const stallMs = 1_000;

/**
 * One upstream call for any number of subscribers. It starts with the first and is cancelled after the last; its rate is the
 * highest that anybody asks for. Whatever ends it ends the subscriptions, and the next subscriber starts a new call.
 */
export class SharedSource {
  readonly #options: SharedSourceOptions;
  readonly #subscriptions = new Set<Subscription>();
  readonly #hooks: SubscriptionSource;
  readonly #counts = { upstreamCalls: 0, frames: 0, droppedFrames: 0 };
  #run: Run | undefined;
  #cancelTimer = (): void => {};

  constructor(options: SharedSourceOptions) {
    this.#options = options;
    this.#hooks = {
      capacity: options.capacity,
      onDemandChange: () => this.#adjust(),
      onResume: () => this.#wake(),
      onLeave: (subscription) => {
        if (this.#subscriptions.delete(subscription)) this.#adjust();
      },
    };
  }

  get stats(): SharedSourceStats {
    return { subscribers: this.#subscriptions.size, ...this.#counts };
  }

  /**
   * Joins. `demand` is the most messages per second. The subscriber may hear of the end, though of no message, before this
   * returns.
   */
  subscribe(subscriber: Subscriber, demand = Number.POSITIVE_INFINITY): Subscription {
    const counting: Subscriber = {
      onHeader: (header) => subscriber.onHeader(header),
      onMessage: (message, release) => subscriber.onMessage(message, release),
      onDrop: () => {
        this.#counts.droppedFrames++;
        subscriber.onDrop();
      },
      onEnd: (error) => subscriber.onEnd(error),
    };
    const subscription = new Subscription(this.#hooks, counting, demand);
    this.#subscriptions.add(subscription);
    this.#adjust();
    this.#wake();
    if (this.#run?.header !== undefined) subscription.announce(this.#run.header);
    return subscription;
  }

  /** Ends all subscriptions with `error`, and the upstream call. */
  close(error: ConnectError): void {
    const run = this.#run;
    this.#run = undefined;
    run?.call.cancel(error);
    this.#endAll(error);
  }

  /** Makes the upstream call fit those who are subscribed. */
  #adjust(): void {
    this.#cancelTimer();
    const run = this.#run;
    if (this.#subscriptions.size === 0) {
      this.#replace(undefined);
      return;
    }
    const rate = Math.max(...[...this.#subscriptions].map(({ demand }) => demand));
    if (run === undefined) {
      this.#replace(rate);
    } else if (rate !== run.rate) {
      const { clock } = this.#options;
      const keepMs = rate > run.rate ? raiseIntervalMs : lowerIntervalMs;
      const restMs = run.startedMs + keepMs - clock.nowMs();
      if (restMs <= 0) this.#replace(rate);
      else this.#cancelTimer = clock.schedule(restMs, () => this.#adjust());
    }
  }

  /** Ends the upstream call, if there is one, before the next is made. */
  #replace(rate: number | undefined): void {
    const { createCall, method, encodeRequest, clock } = this.#options;
    const previous = this.#run;
    this.#run = undefined;
    previous?.call.cancel(new ConnectError("nobody needs this call any more", Code.Canceled));
    if (rate === undefined) return;
    const request = encodeRequest(rate);
    const tap = this.#options.tap?.();
    const call = createCall(
      { method },
      {
        onOpen: () => call.sendLast(request),
        onHeader: () => this.#onHeader(run),
        onMessage: (message) => {
          tap?.response(message);
          this.#onMessage(run, message, tap?.isKeeping === true);
        },
        onEnd: (error) => {
          tap?.end(error);
          this.#onEnd(run, error);
        },
      },
    );
    tap?.request(request);
    const run: Run = {
      rate,
      call,
      startedMs: clock.nowMs(),
      header: undefined,
      stalledSinceMs: undefined,
      isPaused: false,
    };
    this.#run = run;
    this.#counts.upstreamCalls++;
    call.start();
  }

  #onHeader(run: Run): void {
    if (this.#run !== run) return;
    const { header } = run.call;
    run.header = header;
    for (const subscription of [...this.#subscriptions]) subscription.announce(header);
  }

  /** `isKept` says that a recording has the message as well, for as long as it likes. */
  #onMessage(run: Run, message: Uint8Array, isKept: boolean): void {
    if (this.#run !== run) return;
    this.#counts.frames++;
    const nowMs = this.#options.clock.nowMs();
    let isTaken = false;
    // When all are done with it, or nobody was there in time, the next message can come in its memory.
    const hold = new SharedHold(() => {
      if (!isKept) giveBack(message);
    });
    // A copy: who joins while others take the message, gets the next one.
    for (const subscription of [...this.#subscriptions]) {
      isTaken ||= !subscription.isPaused;
      subscription.offer(message, hold, run.rate, nowMs);
    }
    hold.release();
    if (isTaken) run.stalledSinceMs = undefined;
    else if (this.#options.isPausable) this.#pauseStalled(run, nowMs);
  }

  #pauseStalled(run: Run, nowMs: number): void {
    run.stalledSinceMs ??= nowMs;
    if (run.isPaused || nowMs - run.stalledSinceMs < stallMs) return;
    run.isPaused = true;
    run.call.pause();
  }

  #wake(): void {
    const run = this.#run;
    if (run === undefined) return;
    run.stalledSinceMs = undefined;
    if (!run.isPaused) return;
    run.isPaused = false;
    run.call.resume();
  }

  #onEnd(run: Run, error: ConnectError | undefined): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    this.#endAll(error);
  }

  #endAll(error: ConnectError | undefined): void {
    this.#cancelTimer();
    // Cleared first: who hears of the end and joins again, joins a new call.
    const subscriptions = [...this.#subscriptions];
    this.#subscriptions.clear();
    for (const subscription of subscriptions) subscription.end(error);
  }
}

/** One upstream call. */
interface Run {
  readonly rate: number;
  readonly call: WireCall;
  readonly startedMs: number;
  header: Headers | undefined;
  /** Since when nobody has taken a message. */
  stalledSinceMs: number | undefined;
  isPaused: boolean;
}
