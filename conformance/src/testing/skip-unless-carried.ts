import type { TestContext } from "vitest";
import type { Ability, TestTransport } from "./transports.js";

/** Skips the test, with the transport's reason, when its transport cannot carry what it needs. */
export function skipUnlessCarried(context: TestContext, { cannot }: TestTransport, ability: Ability): void {
  const reason = cannot?.[ability];
  context.skip(reason !== undefined, reason);
}
