import { describe, expect, it } from "vitest";
import { openChannel } from "../../testing/open-channel.js";

describe("a channel", () => {
  it("brings what the server sends to every client, and what a client sends to the server", async () => {
    await using open = await openChannel();
    const said = Promise.withResolvers<string>();
    open.channel.on("Say", ({ value }, client) => said.resolve(`${value} by ${client.id}`));
    const clients = [await open.join(), await open.join()];

    expect(open.channel.broadcast("Note", { name: "x", value: "1" })).toEqual({
      status: "queued",
      recipients: 2,
      isKept: true,
    });
    for (const client of clients) await client.until((log) => log.includes("Note x=1"));
    clients[1]?.channel.send("Say", { value: 7 });

    expect(await said.promise).toBe("7 by 1");
  });

  it("tells a newcomer what is kept, then that this is all", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Note", { name: "x", value: "1" });
    open.channel.broadcast("Event", { value: new TextEncoder().encode("gone by") });
    open.channel.broadcast("Line", { value: 5 });

    const client = await open.join();
    await client.channel.ready;

    expect(client.log).toEqual(["Note x=1", "Line 5", "ready"]);
  });
});
