import { describe, expect, it } from "vitest";
import { allTransports } from "./testing/transports.ts";

describe("the transports that are tested", () => {
  it.for(allTransports)("include $name", async ({ missing, open }, context) => {
    context.skip(missing !== undefined, missing);
    await using test = await open();
    expect((await test.resonite.connection.ping("here")).message).toBe("here");
  });
});
