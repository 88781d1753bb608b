import { Code, ConnectError } from "@connectrpc/connect";
import type { Modality, Rpc, RpcId } from "@resoio/core";
import type { Engine } from "../engine/engine.js";
import { forever, sleep } from "../engine/sleep.js";
import { connectionCut } from "./connection-cut.js";
import { type FaultPlan, type FaultPlanInput, faultCodes } from "./fault-plan.js";
import { parseFaultPlan } from "./parse-fault-plan.js";

/**
 * Modalities that say so while the engine is still starting. The others answer, send nothing, or take what they get; so does
 * `Auth.Status`, which reports that nobody is signed in.
 */
const saysNotReady: ReadonlySet<Modality> = new Set<Modality>([
  "auth",
  "contact",
  "contextMenu",
  "cursor",
  "dash",
  "display",
  "grabber",
  "inventory",
  "session",
  "world",
]);

/** Modalities that send nothing while the engine is still starting. */
const keepsSilent: ReadonlySet<Modality> = new Set<Modality>(["camera", "speaker"]);

/** What goes wrong in a simulated mod. It can be changed at any time; calls that are under way keep what they began with. */
export class Faults {
  readonly #engine: Engine;
  readonly #callCounts = new Map<RpcId, number>();
  #plan: FaultPlan;

  constructor(engine: Engine, plan: FaultPlanInput) {
    this.#engine = engine;
    this.#plan = this.#adopt(plan);
  }

  /** What goes wrong now. */
  get plan(): FaultPlan {
    return this.#plan;
  }

  /** Changes what goes wrong; what is not named stays as it is. */
  set(changes: FaultPlanInput): void {
    this.#plan = this.#adopt({ ...this.#plan, ...changes });
  }

  /** Lets everything go right again, from the next call on. The calls of each RPC are counted anew. */
  clear(): void {
    this.#plan = this.#adopt({});
    this.#callCounts.clear();
  }

  /** Whether the engine is still starting. */
  get isBooting(): boolean {
    return this.#engine.lifecycle.isStarting;
  }

  /** Counts the call and throws, or waits, as the plan says. Before anything of the request is looked at. */
  async beforeArguments(rpc: RpcId, signal: AbortSignal): Promise<void> {
    const call = (this.#callCounts.get(rpc) ?? 0) + 1;
    this.#callCounts.set(rpc, call);
    const { clock, random } = this.#engine;
    for (const { ms, jitterMs } of this.#plan.latency.filter((entry) => applies(entry.rpc, rpc))) {
      await sleep(clock, ms + jitterMs * random(), signal);
    }
    const failure = this.#plan.errors.find((error) => applies(error.rpc, rpc) && error.call === call);
    if (failure !== undefined) throw new ConnectError(failure.message, faultCodes[failure.code]);
    if (this.#plan.hangs.some((entry) => applies(entry, rpc))) await forever(signal);
    this.#throwIfCut(rpc, 0);
  }

  /** Throws when the modality has no bridge. A ping needs none. */
  atBridge(modality: Modality, serviceName: string): void {
    if (modality !== "connection" && this.#plan.absentBridges.includes(modality)) {
      throw new ConnectError(`${serviceName} bridge is not configured.`, Code.Unavailable);
    }
  }

  /** Throws when the modality's bridge is broken. */
  inBridge({ id, modality }: Rpc): void {
    if (modality !== "connection" && this.#plan.throwingBridges.includes(modality)) this.#throwInBridge(id);
  }

  /** Throws, or waits, because the engine is not ready. */
  async atEngine({ id, modality }: Rpc, signal: AbortSignal): Promise<void> {
    if (this.#plan.cameraWithoutFrames && modality === "camera") await forever(signal);
    if (!this.isBooting || id === "auth.status") return;
    if (saysNotReady.has(modality)) throw new ConnectError("The engine is still starting.", Code.FailedPrecondition);
    if (keepsSilent.has(modality)) {
      await sleep(this.#engine.clock, this.#engine.lifecycle.remainingBootMs, signal);
    }
  }

  /** To be called after each message of an answer. Throws what breaks the connection when that shall happen now. */
  afterMessage(rpc: RpcId, count: number): void {
    this.#throwIfCut(rpc, count);
  }

  /** A bridge that throws at what a stream brings is told, like by any other failure, that the stream has ended. */
  #throwInBridge(rpc: RpcId): never {
    if (rpc === "microphone.streamAudio") this.#engine.microphone.streamEnded("errored");
    if (rpc === "locomotion.drive") this.#engine.locomotion.driveEnded("errored");
    throw new Error("injected bridge fault");
  }

  #adopt(input: FaultPlanInput): FaultPlan {
    const plan = parseFaultPlan(input);
    this.#engine.lifecycle.bootMs = plan.bootMs;
    return plan;
  }

  #throwIfCut(rpc: RpcId, count: number): void {
    if (this.#plan.cuts.some((cut) => applies(cut.rpc, rpc) && cut.afterMessages === count)) throw connectionCut();
  }
}

function applies(entry: RpcId | "*", rpc: RpcId): boolean {
  return entry === "*" || entry === rpc;
}
