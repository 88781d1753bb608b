import type { ConnectionStatus } from "@resoio/core";
import { expect } from "vitest";

/** Reads changes up to the first of the given state, and returns them all, that one included. */
export async function readUntil(
  changes: AsyncIterator<ConnectionStatus>,
  state: ConnectionStatus["state"],
): Promise<readonly ConnectionStatus[]> {
  const read: ConnectionStatus[] = [];
  for (;;) {
    const { done, value } = await changes.next();
    if (done === true) expect.fail(`ended after ${statesOf(read).join(", ")} without ${state}`);
    read.push(value);
    if (value.state === state) return read;
  }
}

/** The states alone. */
export function statesOf(changes: readonly ConnectionStatus[]): readonly ConnectionStatus["state"][] {
  return changes.map(({ state }) => state);
}

/** Reads up to the next loss, and returns why it came. */
export async function reasonOfLoss(changes: AsyncIterator<ConnectionStatus>) {
  const last = (await readUntil(changes, "lost")).at(-1);
  return last?.state === "lost" ? last.reason : expect.fail("there was no loss");
}
