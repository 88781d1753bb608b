import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Connection } from "../gen/resonite_io/v1/connection_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { ConnectionClient } from "./connection.js";

describe("ConnectionClient", () => {
  it.each(["hello", "", "こんにちは 🌍"])(
    "sends the message %j unchanged and returns what came back",
    async (message) => {
      const { client, requests } = echoingMod();

      expect((await client.ping(message)).message).toBe(message);
      expect(requests).toMatchObject([{ rpc: "Ping", message: { message } }]);
    },
  );

  it('sends "ping" by default', async () => {
    const { client, requests } = echoingMod();

    await client.ping();

    expect(requests).toMatchObject([{ message: { message: "ping" } }]);
  });

  it.each([
    // One more than a double can hold exactly, then the ends of the range.
    2n ** 53n + 1n,
    1_700_000_000_123_456_789n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ])("returns the mod's clock exactly (%d)", async (serverUnixNanos) => {
    const { client } = echoingMod(serverUnixNanos);

    expect((await client.ping()).serverUnixNanos).toBe(serverUnixNanos);
  });

  it("returns a plain object with nothing of the wire in it", async () => {
    const { client } = echoingMod(7n);

    expect(await client.ping("x")).toStrictEqual({ message: "x", serverUnixNanos: 7n });
  });

  it("is cancelled by the caller's signal", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { transport } = fakeMod(Connection, {
      ping(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const pending = new ConnectionClient(transport).ping("x", { signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(pending).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });

  it("passes the caller's headers on", async () => {
    const seen: (string | null)[] = [];
    const { transport } = fakeMod(Connection, {
      ping({ message }, { requestHeader }) {
        seen.push(requestHeader.get("x-trace"));
        return { message };
      },
    });

    await new ConnectionClient(transport).ping("x", { headers: { "x-trace": "42" } });

    expect(seen).toEqual(["42"]);
  });
});

function echoingMod(serverUnixNanos = 0n) {
  const { transport, requests } = fakeMod(Connection, { ping: ({ message }) => ({ message, serverUnixNanos }) });
  return { client: new ConnectionClient(transport), requests };
}
