import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { services } from "./gen/registry.js";
import { Connection } from "./gen/resonite_io/v1/connection_pb.js";
import { Resonite, type ResoniteTransport } from "./resonite.js";
import { fakeMod } from "./testing/fake-mod.js";

describe("Resonite", () => {
  it("has a client for each modality that speaks over its transport", async () => {
    const { transport, methods } = recordingTransport();
    const resonite = new Resonite(transport);

    await Promise.allSettled([
      resonite.connection.ping(),
      resonite.info.getServerInfo(),
      resonite.world.getCurrent(),
      resonite.camera.shot(),
    ]);

    expect(methods.map(String)).toEqual([
      "rpc resonite_io.v1.Connection.Ping",
      "rpc resonite_io.v1.Info.GetServerInfo",
      "rpc resonite_io.v1.World.GetCurrent",
      "rpc resonite_io.v1.Camera.StreamFrames",
    ]);
    expect(resonite.transport).toBe(transport);
  });

  describe("rpc", () => {
    it("has the generated client of every service, and of no other", () => {
      const resonite = new Resonite(recordingTransport().transport);

      expect(Object.keys(resonite.rpc)).toEqual(Object.keys(services));
      expect(Object.keys(resonite.rpc)).toHaveLength(17);
    });

    it.each(Object.entries<DescService>(services))(
      "carries every RPC of %s to its own route",
      async (modality, service) => {
        const { transport, methods } = recordingTransport();
        const client = rpcClient(new Resonite(transport), modality);

        for (const method of service.methods) await call(client, method);

        expect(methods).toEqual(service.methods);
      },
    );

    it("speaks in wire messages", async () => {
      const { transport } = fakeMod(Connection, { ping: ({ message }) => ({ message, serverUnixNanos: 1n }) });

      const answer = await new Resonite(transport).rpc.connection.ping({ message: "hi" });

      expect(answer).toMatchObject({
        $typeName: "resonite_io.v1.PingResponse",
        message: "hi",
        serverUnixNanos: 1n,
      });
    });
  });

  describe("close", () => {
    it("disposes the transport", async () => {
      const { transport, disposals } = disposableTransport();

      await new Resonite(transport).close();

      expect(disposals).toEqual([transport]);
    });

    it("happens at the end of an await using block", async () => {
      const { transport, disposals } = disposableTransport();
      {
        await using _ = new Resonite(transport);
        expect(disposals).toEqual([]);
      }

      expect(disposals).toEqual([transport]);
    });

    it("disposes the transport once, however often it is called", async () => {
      const { transport, disposals } = disposableTransport();
      {
        await using resonite = new Resonite(transport);
        await Promise.all([resonite.close(), resonite.close()]);
        await resonite.close();
      }

      expect(disposals).toEqual([transport]);
    });

    it("resolves only when the transport is closed", async () => {
      const closing = Promise.withResolvers<void>();
      const { transport } = recordingTransport();
      const log: string[] = [];
      const resonite = new Resonite(Object.assign(transport, { [Symbol.asyncDispose]: () => closing.promise }));
      const closed = resonite.close().then(() => log.push("closed"));

      log.push("transport closed");
      closing.resolve();
      await closed;

      expect(log).toEqual(["transport closed", "closed"]);
    });

    it("fails when the transport cannot be closed", async () => {
      const failure = new Error("stuck");
      const { transport } = recordingTransport();
      const resonite = new Resonite(Object.assign(transport, { [Symbol.asyncDispose]: () => Promise.reject(failure) }));

      await expect(resonite.close()).rejects.toBe(failure);
    });

    it("has nothing to do for a transport that holds no connection", async () => {
      const { transport } = fakeMod(Connection, {});
      expect(Symbol.asyncDispose in transport).toBe(false);

      await expect(new Resonite(transport).close()).resolves.toBeUndefined();
    });
  });
});

type RpcFunction = (input: unknown) => Promise<unknown> | AsyncIterable<unknown>;

function rpcClient(resonite: Resonite, modality: string): Record<string, RpcFunction> {
  return Object.entries(resonite.rpc).find(([name]) => name === modality)?.[1] ?? {};
}

/** Calls an RPC of any kind and waits for its failure. */
async function call(client: Record<string, RpcFunction>, method: DescMethod): Promise<void> {
  const streamsInput = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const answer = client[method.localName]?.(streamsInput ? noMessages() : {});
  if (answer === undefined) throw new Error(`there is no ${method.localName}`);
  const failure = answer instanceof Promise ? answer : answer[Symbol.asyncIterator]().next();
  await expect(failure).rejects.toMatchObject({ code: Code.Unimplemented });
}

async function* noMessages(): AsyncGenerator<never> {}

/** A transport that reaches nobody and remembers for what it was used. */
function recordingTransport() {
  const methods: DescMethod[] = [];
  const fail = (method: DescMethod) => {
    methods.push(method);
    return Promise.reject(new ConnectError("nobody is there", Code.Unimplemented));
  };
  const transport: Transport = { unary: fail, stream: fail };
  return { transport, methods };
}

function disposableTransport() {
  const disposals: unknown[] = [];
  const transport: ResoniteTransport = {
    ...recordingTransport().transport,
    async [Symbol.asyncDispose]() {
      // What it is called on is recorded as well: a method that is torn off its object would have lost it.
      disposals.push(this);
    },
  };
  return { transport, disposals };
}
