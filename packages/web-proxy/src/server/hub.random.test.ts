import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PictureFormat, PictureFrameSchema } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeUpstream } from "../testing/fake-upstream.js";
import type { RecordedCall } from "../testing/recorded-call.js";
import { TestClock } from "../testing/test-clock.js";
import { cameraFrame, watchFrames, watchPictures } from "../testing/watchers.js";
import { createHub } from "./hub.js";

type Step =
  | { readonly do: "join"; readonly isPicture: boolean; readonly fpsLimit: number }
  | { readonly do: "leave" | "pause" | "resume"; readonly who: number }
  /** Lets a watcher do that when it gets its next message. */
  | { readonly do: "plan"; readonly who: number; readonly next: "leave" | "pause" | "replace" }
  | { readonly do: "frame" | "settle" | "stall" }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "end"; readonly code: Code | undefined };

/** One who watches, and what it must have seen. */
interface Watcher {
  readonly recorded: RecordedCall;
  readonly isPicture: boolean;
  isPaused: boolean;
  wasPaused: boolean;
  framesSinceJoin: number;
  lastFrame: { readonly call: number; readonly frameId: bigint; readonly unixNanos: bigint } | undefined;
}

const who = fc.nat(7);
const weighted = (rates: readonly number[]) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("join" as const),
        isPicture: fc.boolean(),
        fpsLimit: fc.constantFrom(...rates),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("leave" as const, "pause", "resume"), who }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("pause" as const, "resume"), who }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("plan" as const),
        who,
        next: fc.constantFrom("leave" as const, "pause", "replace"),
      }),
    },
    {
      weight: 9,
      arbitrary: fc.record({
        do: fc.constantFrom("frame" as const, "frame", "frame", "settle", "settle", "settle", "stall"),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(1, 20, 300, 2_500) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("end" as const), code: fc.constantFrom(Code.Unavailable, undefined) }),
    },
  );

class Model {
  readonly upstream = new FakeUpstream();
  readonly clock = new TestClock();
  readonly hub = createHub(this.upstream, { clock: this.clock });
  readonly watchers: Watcher[] = [];
  readonly problems: string[] = [];
  #nextNanos = 1n;
  /** Which call a frame came from, by its time. */
  readonly #callOf = new Map<bigint, number>();
  readonly #frameIds = new Map<object, number>();

  get alive(): readonly Watcher[] {
    return this.watchers.filter(({ recorded }) => recorded.end === undefined);
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case "join":
        this.join(step.isPicture, step.fpsLimit);
        break;
      case "frame":
        this.frame();
        break;
      case "stall":
        for (const watcher of this.alive) this.act(watcher, "pause");
        this.frame();
        this.clock.advance(1_000);
        this.frame();
        break;
      case "settle":
        await settle();
        break;
      case "advance":
        this.clock.advance(step.ms);
        break;
      case "end":
        this.end(step.code);
        break;
      case "plan": {
        const watcher = this.alive[step.who];
        if (watcher !== undefined) this.plan(watcher, step.next);
        break;
      }
      default: {
        const watcher = this.alive[step.who];
        if (watcher !== undefined) this.act(watcher, step.do);
      }
    }
    this.check(step);
  }

  join(isPicture: boolean, fpsLimit: number): void {
    const recorded = isPicture
      ? watchPictures(this.hub, { format: PictureFormat.RAW, fpsLimit })
      : watchFrames(this.hub, { fpsLimit });
    const watcher: Watcher = {
      recorded,
      isPicture,
      isPaused: false,
      wasPaused: false,
      framesSinceJoin: 0,
      lastFrame: undefined,
    };
    recorded.onMessage = (message) => this.onMessage(watcher, message);
    this.watchers.push(watcher);
  }

  act(watcher: Watcher, what: "leave" | "pause" | "resume"): void {
    const { call } = watcher.recorded;
    if (what === "leave") call.cancel(new ConnectError("left", Code.Canceled));
    else if (what === "pause") {
      watcher.isPaused = true;
      watcher.wasPaused = true;
      call.pause();
    } else {
      watcher.isPaused = false;
      call.resume();
    }
  }

  plan(watcher: Watcher, what: "leave" | "pause" | "replace"): void {
    watcher.recorded.onMessage = (message) => {
      watcher.recorded.onMessage = (later) => this.onMessage(watcher, later);
      this.onMessage(watcher, message);
      this.act(watcher, what === "pause" ? "pause" : "leave");
      if (what === "replace") this.join(watcher.isPicture, 0);
    };
  }

  frame(): void {
    this.clock.advance(16);
    const [call] = this.upstream.openCalls;
    if (call === undefined || call.isPaused) return;
    const frameId = this.#frameIds.get(call) ?? 0;
    this.#frameIds.set(call, frameId + 1);
    this.#callOf.set(this.#nextNanos, this.upstream.calls.length);
    for (const watcher of this.alive) watcher.framesSinceJoin++;
    call.emit(cameraFrame(frameId, { width: 1, height: 1, unixNanos: this.#nextNanos++ }));
  }

  end(code: Code | undefined): void {
    const [call] = this.upstream.openCalls;
    if (call === undefined) return;
    const watching = this.alive;
    call.end(code === undefined ? undefined : new ConnectError("ended", code));
    for (const { recorded } of watching) {
      if (recorded.end === undefined) this.problems.push("a watcher did not hear of the end");
      else if (recorded.end.code !== code) this.problems.push("a watcher heard another code");
    }
  }

  onMessage(watcher: Watcher, message: Uint8Array): void {
    const { isPicture, isPaused, lastFrame } = watcher;
    const { frameId, unixNanos } = fromBinary(isPicture ? PictureFrameSchema : CameraFrameSchema, message);
    if (isPaused) this.problems.push("a frame came while its watcher was paused");
    const call = this.#callOf.get(unixNanos) ?? 0;
    if (lastFrame !== undefined && unixNanos <= lastFrame.unixNanos) this.problems.push("a frame came again, or late");
    if (lastFrame?.call === call && frameId <= lastFrame.frameId) this.problems.push("a number did not increase");
    watcher.lastFrame = { call, frameId, unixNanos };
  }

  /** Lets all read, and shows them two frames more: who does not get the second one has been forgotten. */
  async finish(): Promise<void> {
    for (const watcher of this.alive) {
      watcher.recorded.onMessage = (message) => this.onMessage(watcher, message);
      this.act(watcher, "resume");
    }
    for (let i = 0; i < 2; i++) {
      this.clock.advance(2_500);
      this.frame();
      for (let turn = 0; turn < 5; turn++) await settle();
    }
    for (const { lastFrame } of this.alive) {
      if (lastFrame?.unixNanos !== this.#nextNanos - 1n) this.problems.push("a watcher that reads does not get frames");
    }
    for (const watcher of this.alive) this.act(watcher, "leave");
  }

  check(step: Step): void {
    const watching = this.alive;
    const expected = watching.length > 0 ? 1 : 0;
    const { openCalls, mostOpenCalls } = this.upstream;
    if (openCalls.length !== expected) {
      this.problems.push(`${openCalls.length} upstream calls for ${watching.length} watchers after ${step.do}`);
    }
    if (mostOpenCalls > 1) this.problems.push("two upstream calls at once");
    if (openCalls[0]?.isPaused === true && watching.some(({ isPaused }) => !isPaused)) {
      this.problems.push("upstream is paused although somebody reads");
    }
    const raw = watching.filter(({ isPicture }) => !isPicture).length;
    const pictures = raw < watching.length ? 1 : 0;
    const { subscribers } = this.hub.stats().sources.camera;
    if (subscribers !== raw + pictures) this.problems.push(`${subscribers} subscribers, not ${raw} + ${pictures}`);
  }
}

/** Lets everything happen that can happen now. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("the shared camera, whatever its watchers do", () => {
  const runs = { numRuns: 400, seed: 20_260_625 };

  it("is called once if and only if somebody watches, and gives nothing twice, late, or to who has paused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(weighted([0, 1, 10, 60]), { maxLength: 120, size: "max" }), async (steps) => {
        const model = new Model();
        for (const step of steps) await model.run(step);
        await model.finish();
        expect(model.problems).toEqual([]);
        expect(model.upstream.openCalls).toEqual([]);
        expect(model.clock.taskCount).toBe(0);
      }),
      runs,
    );
  });

  it("gives every frame to a watcher that always reads, when all ask for the same rate", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(weighted([0]), { maxLength: 120, size: "max" }), async (steps) => {
        const model = new Model();
        // Pictures without a limit ask for 30 a second, so their watchers are left out.
        for (const step of steps) await model.run(step.do === "join" ? { ...step, isPicture: false } : step);
        expect(model.problems).toEqual([]);
        for (const { recorded, framesSinceJoin, wasPaused } of model.alive) {
          if (!wasPaused) expect(recorded.messages).toHaveLength(framesSinceJoin);
          expect(recorded.messages.length + recorded.client.counters.droppedFrames).toBeLessThanOrEqual(
            framesSinceJoin,
          );
        }
      }),
      runs,
    );
  });
});
