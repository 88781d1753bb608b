import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createRouterTransport,
  type Interceptor,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Info, type ServerInfoSchema } from "../gen/resonite_io/v1/info_pb.js";
import { Lifecycle } from "../gen/resonite_io/v1/lifecycle_pb.js";
import { LifecycleClient } from "./lifecycle.js";

describe("shutdown", () => {
  it.each([true, false])("calls the mod once and returns accepted: %j", async (accepted) => {
    const { lifecycle, rpcs } = modWith({ shutdown: () => ({ accepted }) });

    expect(await lifecycle.shutdown()).toStrictEqual({ accepted });
    expect(rpcs).toEqual(["Shutdown"]);
  });

  it("passes the failure of a mod without a lifecycle bridge through unchanged", async () => {
    const { lifecycle } = modWith({ shutdown: failing(Code.Unavailable) });

    const failure = lifecycle.shutdown();

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: "it failed" });
  });
});

describe("shutdownGame", () => {
  it.each([true, false])(
    "asks for the process id first, then shuts down once, whether accepted is %j or not",
    async (accepted) => {
      const { lifecycle, rpcs } = modWith({ shutdown: () => ({ accepted }) });

      expect(await lifecycle.shutdownGame()).toBe(4242);
      expect(rpcs).toEqual(["GetServerInfo", "Shutdown"]);
    },
  );

  it.each([Code.Unavailable, Code.Unknown, Code.Canceled, Code.DeadlineExceeded])(
    "returns the process id also when the connection breaks before the answer (code %d)",
    async (code) => {
      const { lifecycle, rpcs } = modWith({ shutdown: failing(code) });

      expect(await lifecycle.shutdownGame()).toBe(4242);
      expect(rpcs).toEqual(["GetServerInfo", "Shutdown"]);
    },
  );

  it.each([Code.Unavailable, Code.Unimplemented, Code.DeadlineExceeded])(
    "returns undefined and shuts nothing down when the mod cannot be asked (code %d)",
    async (code) => {
      const { lifecycle, rpcs } = modWith({ shutdown: () => ({ accepted: true }) }, failing(code));

      expect(await lifecycle.shutdownGame()).toBeUndefined();
      expect(rpcs).toEqual(["GetServerInfo"]);
    },
  );

  it("returns undefined when the transport finds nothing to connect to", async () => {
    const fail = () => Promise.reject(new Error("no socket"));
    const transport: Transport = { unary: fail, stream: fail };

    expect(await new LifecycleClient(transport).shutdownGame()).toBeUndefined();
  });

  it("shuts down but returns undefined when the mod does not know its process id", async () => {
    const { lifecycle, rpcs } = modWith({ shutdown: () => ({ accepted: true }) }, () => ({ resonitePid: 0 }));

    expect(await lifecycle.shutdownGame()).toBeUndefined();
    expect(rpcs).toEqual(["GetServerInfo", "Shutdown"]);
  });

  it("shuts nothing down and fails when the caller has given up before", async () => {
    const { lifecycle, rpcs } = modWith({ shutdown: () => ({ accepted: true }) });

    await expect(lifecycle.shutdownGame({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: Code.Canceled,
    });
    expect(rpcs).not.toContain("Shutdown");
  });

  it("fails when the caller gives up while the mod shuts down", async () => {
    const arrived = Promise.withResolvers<void>();
    const { lifecycle } = modWith({
      shutdown() {
        arrived.resolve();
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const pending = lifecycle.shutdownGame({ signal: caller.signal });
    await arrived.promise;

    caller.abort();

    await expect(pending).rejects.toMatchObject({ code: Code.Canceled });
  });

  it("passes call options on to both calls", async () => {
    const { lifecycle, headers } = modWith({ shutdown: () => ({ accepted: true }) });

    await lifecycle.shutdownGame({ headers: { "x-trace": "42" } });

    expect(headers).toEqual(["42", "42"]);
  });
});

function failing(code: Code): () => never {
  return () => {
    throw new ConnectError("it failed", code);
  };
}

/** A mod with the two services that a shutdown needs. `rpcs` are the calls that arrived, in order. */
function modWith(
  handlers: ServiceImpl<typeof Lifecycle>,
  getServerInfo: () => MessageInitShape<typeof ServerInfoSchema> = () => ({ resonitePid: 4242 }),
) {
  const rpcs: string[] = [];
  const headers: (string | null)[] = [];
  const record: Interceptor = (next) => (request) => {
    rpcs.push(request.method.name);
    headers.push(request.header.get("x-trace"));
    return next(request);
  };
  const transport = createRouterTransport(
    (router) => router.service(Lifecycle, handlers).service(Info, { getServerInfo }),
    { router: { interceptors: [record] } },
  );
  return { lifecycle: new LifecycleClient(transport), rpcs, headers };
}
