import { createMockMod, startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import { describe, expect, it } from "vitest";
import { createUpstream } from "./upstream.js";

describe("createUpstream", () => {
  it("uses the calls of a transport of ours, which carry bytes as they are", async () => {
    await using mod = await startMockServer();
    await using transport = createUdsTransport({ socketPath: mod.socketPath });

    const upstream = createUpstream("default", transport);

    expect(upstream).toMatchObject({ name: "default", transport });
    expect(upstream.createCall).toBe(Reflect.get(transport, "createCall"));
  });

  it("makes calls over any other transport", async () => {
    await using mod = createMockMod();
    expect(createUpstream("mock", mod.transport()).createCall).toBeTypeOf("function");
  });
});
