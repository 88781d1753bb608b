import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { openMod } from "../testing/open-mod.js";

describe("connection", () => {
  it("echoes the message with the engine's time", async () => {
    await using test = await openMod();

    const pong = await test.raw.unary(services.connection.method.ping, { message: "héllo" });
    expect(pong.message).toBe("héllo");
    expect(pong.serverUnixNanos).toBe(test.clock.unixNanos());

    await test.clock.advance(1500);
    const later = await test.raw.unary(services.connection.method.ping, {});
    expect(later.serverUnixNanos - pong.serverUnixNanos).toBe(1_500_000_000n);
  });
});
