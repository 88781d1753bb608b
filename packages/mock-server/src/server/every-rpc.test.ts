import { rpcs } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { callEmpty } from "../testing/call-empty.js";
import { openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

describe("every RPC of the contract", () => {
  it.each(Object.values(rpcs))("$path is implemented, as a client of another make sees it", async (rpc) => {
    await using test = await openMod({ scenario: { display: { width: 64, height: 36 }, worldLoadMs: 0 } });
    const call = callEmpty(test.raw, rpc);
    let isAnswered = false;
    void call.finally(() => {
      isAnswered = true;
    });
    // Some answers wait for the engine: a menu opens, a sound is mixed.
    while (!isAnswered) await test.clock.advance(50);
    expect((await call).code).not.toBe("UNIMPLEMENTED");
    while (test.engine.journal.calls(rpc.id).length === 0) await test.clock.advance(50);
  });

  it("a method that the contract does not have is UNIMPLEMENTED", async () => {
    await using test = await openMod();
    const unknown = { ...rpcs["connection.ping"].method, name: "Pong" };
    expect((await statusOf(test.raw.unary(unknown, {}))).code).toBe("UNIMPLEMENTED");
  });
});
