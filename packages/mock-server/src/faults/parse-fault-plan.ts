import { ResoioError } from "@resoio/core";
import type { z } from "zod";
import { type FaultPlan, faultPlanSchema } from "./fault-plan.js";

/** A fault plan that does not fit. The message names every field that is wrong. */
export class InvalidFaultPlanError extends ResoioError {
  readonly code = "INVALID_FAULT_PLAN";

  constructor(error: z.ZodError) {
    super(
      `this is not a fault plan:${error.issues.map(({ path, message }) => `\n  ${path.join(".")}: ${message}`).join("")}`,
      {
        cause: error,
      },
    );
  }
}

/** Completes a fault plan with its defaults. Throws {@link InvalidFaultPlanError}. */
export function parseFaultPlan(input: unknown): FaultPlan {
  const result = faultPlanSchema.safeParse(input);
  if (!result.success) throw new InvalidFaultPlanError(result.error);
  return result.data;
}
