import { InvalidArgumentError } from "commander";
import type { FaultPlanInput } from "../faults/fault-plan.js";

type Latency = NonNullable<FaultPlanInput["latency"]>[number];
type Failure = NonNullable<FaultPlanInput["errors"]>[number];
type Cut = NonNullable<FaultPlanInput["cuts"]>[number];

/** Reads `camera.streamFrames=50` or `*=50+20`: milliseconds, and up to how many more at random. */
export function parseLatency(text: string): Latency {
  const [, rpc = "", ms, jitterMs = "0"] = /^([^=]+)=(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  if (ms === undefined)
    throw new InvalidArgumentError("expected RPC=MS or RPC=MS+JITTER, for example world.join=200+50");
  return { rpc: rpc as Latency["rpc"], ms: Number(ms), jitterMs: Number(jitterMs) };
}

/** Reads `world.join@2=not_found`: the second call fails so. */
export function parseFailure(text: string): Failure {
  const [, rpc = "", call, code] = /^([^@]+)@(\d+)=(\w+)$/.exec(text) ?? [];
  if (call === undefined) throw new InvalidArgumentError("expected RPC@CALL=CODE, for example world.join@2=not_found");
  return { rpc: rpc as Failure["rpc"], call: Number(call), code: code as Failure["code"] };
}

/** Reads `camera.streamFrames@10`: the connection is cut after ten messages. */
export function parseCut(text: string): Cut {
  const [, rpc = "", count] = /^([^@]+)@(\d+)$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("expected RPC@MESSAGES, for example camera.streamFrames@10");
  return { rpc: rpc as Cut["rpc"], afterMessages: Number(count) };
}
