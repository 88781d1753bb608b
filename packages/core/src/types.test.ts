// What must and must not compile. `tsc -p tsconfig.json` checks this file; at run time hardly anything happens. A line under
// `@ts-expect-error` that does compile is an error.
import type { CallOptions } from "@connectrpc/connect";
import { describe, expectTypeOf, it } from "vitest";
import type { Covers } from "./covers.js";
import type { Camera } from "./gen/resonite_io/v1/camera_pb.js";
import type { Connection } from "./gen/resonite_io/v1/connection_pb.js";
import type { World } from "./gen/resonite_io/v1/world_pb.js";
import type {
  Access,
  CameraClient,
  CameraFrame,
  ConnectError,
  ConnectionClient,
  ConnectionStatus,
  InfoClient,
  JoinOptions,
  Modality,
  OpenWorld,
  Pong,
  Resonite,
  ResoniteTransport,
  Rpc,
  RpcId,
  ServerInfo,
  ServerStream,
  SessionFilter,
  Thumbnail,
  WorldClient,
  WorldRecord,
  WorldSession,
} from "./index.js";
import { createReconnectPolicy, createRetryInterceptor, type FirstFrameTimeoutError, rpcs } from "./index.js";

describe("join", () => {
  it("takes exactly one target", () => {
    neverCalled(async (world: WorldClient) => {
      await world.join({ sessionId: "S-1" });
      await world.join({ sessionId: "S-1", focus: false, timeoutMs: 1000 });
      await world.join({ url: "lnl-nat:///one" });
      // @ts-expect-error neither target
      await world.join({});
      // @ts-expect-error neither target
      await world.join({ focus: true });
      // @ts-expect-error both targets
      await world.join({ sessionId: "S-1", url: "lnl-nat:///one" });
      // @ts-expect-error the target must be there
      await world.join({ sessionId: undefined });
      // @ts-expect-error an option that does not exist
      await world.join({ sessionId: "S-1", foucs: true });
    });
    expectTypeOf<{ sessionId: string }>().toExtend<JoinOptions>();
    expectTypeOf<{ url: string }>().toExtend<JoinOptions>();
    expectTypeOf<{ sessionId: string; url: string }>().not.toExtend<JoinOptions>();
  });
});

describe("a connection", () => {
  it("tells its states apart", () => {
    neverCalled((status: ConnectionStatus) => {
      if (status.state === "reconnecting") expectTypeOf(status.delayMs).toEqualTypeOf<number>();
      if (status.state === "lost") expectTypeOf(status.reason).toEqualTypeOf<ConnectError>();
      // @ts-expect-error only a connection that is about to come back has a delay
      if (status.state === "lost") return status.delayMs;
      return undefined;
    });
  });

  it("is asked for RPCs that exist, and has options with units in their names", () => {
    neverCalled(async (resonite: Resonite) => {
      await resonite.supports("grabber.use", { timeoutMs: 100 });
      // @ts-expect-error an RPC that does not exist
      await resonite.supports("grabber.fly");
      // @ts-expect-error the unit is missing
      createReconnectPolicy({ minDelay: 100 });
      createRetryInterceptor({ alsoRepeat: ["world.focus"] });
      // @ts-expect-error an RPC that does not exist
      createRetryInterceptor({ alsoRepeat: ["world.fly"] });
    });
  });
});

describe("options", () => {
  it("of the world take only names that exist", () => {
    expectTypeOf<SessionFilter>().toEqualTypeOf<"all" | "friends" | "headless">();
    neverCalled(async (world: WorldClient) => {
      await world.listSessions();
      await world.listSessions({ filter: "friends", page: 1 });
      // @ts-expect-error there is no such filter
      await world.listSessions({ filter: "contacts" });
      // @ts-expect-error a wire number is not a filter
      await world.listSessions({ filter: 1 });
      // @ts-expect-error there is no such source
      await world.listRecords({ source: "mine" });
      // @ts-expect-error there is no such sort
      await world.listRecords({ sort: "newest" });
      // @ts-expect-error there is no such direction
      await world.listRecords({ sortDirection: "up" });
      // @ts-expect-error the record must be named
      await world.startWorld({ ownerId: "U-ada" });
      // @ts-expect-error a handle is a number
      await world.focus("5");
    });
  });

  it("of the camera take only what it knows", () => {
    neverCalled((camera: CameraClient) => {
      camera.stream();
      camera.stream({ fpsLimit: 30, timeoutMs: 1000 });
      camera.stream({ mode: "every", resume: true });
      camera.stream({ mode: "latest", resume: createReconnectPolicy({ maxDelayMs: 1000 }) });
      // @ts-expect-error a mode that does not exist
      camera.stream({ mode: "newest" });
      // @ts-expect-error neither yes, no nor a policy
      camera.stream({ resume: "always" });
      // @ts-expect-error a number, not a text
      camera.stream({ fpsLimit: "30" });
      // @ts-expect-error the mod does not scale
      camera.stream({ width: 640 });
      // @ts-expect-error one picture has no rate
      void camera.shot({ fpsLimit: 30 });
    });
  });

  it("of a call come last, everywhere", () => {
    type Last = [options?: CallOptions | undefined];
    expectTypeOf<Parameters<ConnectionClient["ping"]>>().toEqualTypeOf<[message?: string | undefined, ...Last]>();
    expectTypeOf<Parameters<InfoClient["getServerInfo"]>>().toEqualTypeOf<Last>();
    expectTypeOf<Parameters<WorldClient["leave"]>>().toEqualTypeOf<[handle: number, ...Last]>();
    expectTypeOf<Parameters<WorldClient["fetchThumbnail"]>>().toEqualTypeOf<[uri: string, ...Last]>();
  });
});

describe("results", () => {
  it("are our own types, not wire messages", () => {
    expectTypeOf<ConnectionClient["ping"]>().returns.resolves.toEqualTypeOf<Pong>();
    expectTypeOf<InfoClient["getServerInfo"]>().returns.resolves.toEqualTypeOf<ServerInfo>();
    expectTypeOf<WorldClient["join"]>().returns.resolves.toEqualTypeOf<OpenWorld>();
    expectTypeOf<WorldClient["listOpenWorlds"]>().returns.resolves.toEqualTypeOf<readonly OpenWorld[]>();
    expectTypeOf<WorldClient["leave"]>().returns.resolves.toBeVoid();
    expectTypeOf<WorldClient["fetchThumbnail"]>().returns.resolves.toEqualTypeOf<Thumbnail>();
    expectTypeOf<CameraClient["stream"]>().returns.toEqualTypeOf<ServerStream<CameraFrame>>();
    expectTypeOf<CameraClient["shot"]>().returns.resolves.toEqualTypeOf<CameraFrame>();
    expectTypeOf<CameraFrame>().not.toHaveProperty("$typeName");
    expectTypeOf<OpenWorld>().not.toHaveProperty("$typeName");
  });

  it("say when there may be nothing", () => {
    expectTypeOf<WorldClient["getCurrent"]>().returns.resolves.toEqualTypeOf<OpenWorld | undefined>();
  });

  it("have 64-bit numbers as bigint", () => {
    expectTypeOf<Pong["serverUnixNanos"]>().toBeBigInt();
    expectTypeOf<CameraFrame["unixNanos"]>().toBeBigInt();
    expectTypeOf<CameraFrame["frameId"]>().toBeBigInt();
    expectTypeOf<WorldSession["sessionBeginUnixNanos"]>().toBeBigInt();
    expectTypeOf<WorldSession["lastUpdateUnixNanos"]>().toBeBigInt();
    expectTypeOf<WorldRecord["lastModificationUnixNanos"]>().toBeBigInt();
  });

  it("are read-only", () => {
    neverCalled((frame: CameraFrame, session: WorldSession) => {
      // @ts-expect-error a frame is what was captured
      frame.width = 1;
      // @ts-expect-error the list belongs to the answer
      session.tags.push("mine");
    });
  });

  it("have errors whose code is a literal to branch on", () => {
    expectTypeOf<FirstFrameTimeoutError["code"]>().toEqualTypeOf<"FIRST_FRAME_TIMEOUT">();
  });
});

describe("Covers", () => {
  it("is satisfied by a class with a method for every RPC, whatever it takes and returns", () => {
    class Complete implements Covers<typeof Connection> {
      ping(message: string): number {
        return message.length;
      }
    }
    expectTypeOf<Complete>().toExtend<Covers<typeof Connection>>();
    expectTypeOf<WorldClient>().toExtend<Covers<typeof World>>();
  });

  it("is not satisfied by a class that lacks an RPC", () => {
    // @ts-expect-error ping is missing
    class Empty implements Covers<typeof Connection> {}
    // @ts-expect-error all but focus are missing
    class Partial implements Covers<typeof World> {
      focus(): void {}
    }

    expectTypeOf<Empty>().not.toExtend<Covers<typeof Connection>>();
    expectTypeOf<Partial>().not.toExtend<Covers<typeof World>>();
    expectTypeOf<Omit<WorldClient, "leave">>().not.toExtend<Covers<typeof World>>();
  });

  it("is not satisfied by something that is not a method", () => {
    expectTypeOf<{ ping: string }>().not.toExtend<Covers<typeof Connection>>();
  });

  it("wants the new name of an RPC that is renamed, and only that", () => {
    type CoversCamera = Covers<typeof Camera, { streamFrames: "stream" }>;
    expectTypeOf<{ stream(): void }>().toExtend<CoversCamera>();
    expectTypeOf<{ streamFrames(): void }>().not.toExtend<CoversCamera>();
    expectTypeOf<{ stream(): void }>().not.toExtend<Covers<typeof Camera>>();
  });

  it("refuses to rename an RPC that does not exist", () => {
    // @ts-expect-error there is no streamFrame
    type _ = Covers<typeof Camera, { streamFrame: "stream" }>;
  });
});

describe("Resonite", () => {
  it("is closed by await using, as are its streams", () => {
    expectTypeOf<Resonite>().toExtend<AsyncDisposable>();
    expectTypeOf<ServerStream<CameraFrame>>().toExtend<AsyncDisposable & AsyncIterable<CameraFrame>>();
  });

  it("takes a transport with and without a way to close it", () => {
    type Plain = Pick<ResoniteTransport, "unary" | "stream">;
    expectTypeOf<Plain>().toExtend<ResoniteTransport>();
    expectTypeOf<Plain & AsyncDisposable>().toExtend<ResoniteTransport>();
    expectTypeOf<Plain & { [Symbol.asyncDispose]: string }>().not.toExtend<ResoniteTransport>();
  });
});

describe("the registry", () => {
  it("knows each RPC's right and kind as literals", () => {
    expectTypeOf(rpcs["auth.login"].access).toEqualTypeOf<"secret">();
    expectTypeOf(rpcs["camera.streamFrames"].kind).toEqualTypeOf<"server_streaming">();
    expectTypeOf<Rpc["access"]>().toExtend<Access>();
    expectTypeOf<Rpc["id"]>().toEqualTypeOf<RpcId>();
    expectTypeOf<"contextMenu">().toExtend<Modality>();
    // @ts-expect-error there is no such RPC
    void rpcs["world.blink"];
  });
});

/** Takes code that is only there to be compiled. */
function neverCalled<Arguments extends readonly unknown[]>(_: (...given: Arguments) => unknown): void {}
