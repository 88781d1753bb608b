import { Code } from "@connectrpc/connect";
import { type Modality, type RpcId, rpcs, services } from "@resoio/core";
import { z } from "zod";

const modality = z.custom<Modality>((value) => typeof value === "string" && Object.hasOwn(services, value), {
  error: `must be one of ${Object.keys(services).join(", ")}`,
});
const rpc = z.custom<RpcId>((value) => typeof value === "string" && Object.hasOwn(rpcs, value), {
  error: "must be an RPC such as camera.streamFrames",
});
const rpcOrAll = z.custom<RpcId | "*">(
  (value) => value === "*" || (typeof value === "string" && Object.hasOwn(rpcs, value)),
  {
    error: "must be an RPC such as camera.streamFrames, or * for every RPC",
  },
);

const codeNames = [
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
] as const;

/** The status codes by the names that a plan uses. */
export const faultCodes: Readonly<Record<(typeof codeNames)[number], Code>> = {
  canceled: Code.Canceled,
  unknown: Code.Unknown,
  invalid_argument: Code.InvalidArgument,
  deadline_exceeded: Code.DeadlineExceeded,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  out_of_range: Code.OutOfRange,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
  unavailable: Code.Unavailable,
  data_loss: Code.DataLoss,
  unauthenticated: Code.Unauthenticated,
};

/** What shall go wrong. */
export const faultPlanSchema = z.strictObject({
  /** For so long after the start the engine is not ready, in milliseconds, as in a cold start of the game. */
  bootMs: z.number().min(0).default(0),
  /** Modalities whose bridge is missing: UNAVAILABLE. */
  absentBridges: z.array(modality).default([]),
  /** Modalities whose bridge throws: INTERNAL. */
  throwingBridges: z.array(modality).default([]),
  /** RPCs that an old mod does not have: UNIMPLEMENTED. */
  unimplemented: z.array(rpc).default([]),
  /** Time that passes before a call is handled, in milliseconds; `*` stands for every RPC. */
  latency: z
    .array(
      z.strictObject({
        rpc: rpcOrAll,
        ms: z.number().min(0),
        /** Up to so much more, at random. */
        jitterMs: z.number().min(0).default(0),
      }),
    )
    .default([]),
  /** Calls that fail: the n-th of an RPC, from 1. */
  errors: z
    .array(
      z.strictObject({
        rpc: rpcOrAll,
        call: z.int().min(1),
        code: z.enum(codeNames),
        message: z.string().default("injected failure"),
      }),
    )
    .default([]),
  /** RPCs that never answer. */
  hangs: z.array(rpcOrAll).default([]),
  /**
   * RPCs whose connection is cut after so many messages of the answer. A single answer is lost either way: with 0 the call
   * has no effect, with 1 it has.
   */
  cuts: z.array(z.strictObject({ rpc: rpcOrAll, afterMessages: z.int().min(0) })).default([]),
  /** Whether the renderer gives no pictures: camera streams stay open without a frame. */
  cameraWithoutFrames: z.boolean().default(false),
  /** Sockets of dead processes to leave beside the real one. */
  staleSockets: z.int().min(0).max(1000).default(0),
});

/** What shall go wrong, complete. */
export type FaultPlan = z.output<typeof faultPlanSchema>;

/** What shall go wrong, as it may be written down: whatever is left out does not. */
export type FaultPlanInput = z.input<typeof faultPlanSchema>;
