import { services } from "@resoio/core";
import type { CursorState } from "@resoio/core/gen/resonite_io/v1/cursor_pb";
import type { OpenMod } from "./open-mod.js";
import type { RawClient } from "./raw-client.js";

/** Holds the cursor at a point over the socket. 50 ms pass. */
export async function setCursor(
  test: OpenMod,
  x: number,
  y: number,
  client: RawClient = test.raw,
): Promise<CursorState> {
  const { journal } = test.engine;
  const holds = journal.changes("cursorHeld").length;
  const call = client.unary(services.cursor.method.setPosition, { x, y });
  await test.engine.until(() => journal.changes("cursorHeld").length > holds);
  await test.clock.advance(50);
  return await call;
}
