// How a test outside of this repository uses the simulated mod, with Node's own test runner.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Resonite } from "@resoio/core";
import { createMockMod, startMockServer } from "@resoio/mock-server";
import { connect } from "@resoio/node-uds";

test("in process", async () => {
  await using mod = createMockMod();
  await using resonite = new Resonite(mod.transport());
  // Node's runner waits for a timer that is left behind.
  assert.equal((await resonite.connection.ping("hello", { timeoutMs: 600_000 })).message, "hello");
});

test("on sockets, many at once", async () => {
  await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      await using mod = await startMockServer({ scenario: { openWorlds: [{ name: `World ${index}` }] } });
      await using resonite = await connect({ socketPath: mod.socketPath });
      assert.equal((await resonite.world.getCurrent()).name, `World ${index}`);
    }),
  );
});
