import type { DescService, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type MethodImplSpec } from "@connectrpc/connect";
import { type Rpc, rpcs } from "@resoio/core";
import { pathOf } from "@resoio/core/internal";
import type { Engine } from "../engine/engine.js";
import type { Faults } from "../faults/faults.js";
import { type Handlers, toServiceSpecs } from "../gen/handlers.js";
import { asksForNothing, checkBeforeBridge, checkBeforeEngine } from "../services/check-arguments.js";
import { toConnectError } from "../services/to-connect-error.js";

/** One RPC that can be called. */
export interface Route {
  readonly service: DescService;
  readonly spec: MethodImplSpec;
  /** Whether the mod has the RPC. An old one has not, and says so before it looks at a request. */
  readonly isPresent: () => boolean;
}

/** What can be called, by path. */
export type Routes = ReadonlyMap<string, Route>;

/** The route that a path leads to now, or the error of a mod that has no such RPC. */
export function findRoute(routes: Routes, path: string): Route | ConnectError {
  const route = routes.get(path);
  return route?.isPresent() === true ? route : new ConnectError(`${path} is not implemented.`, Code.Unimplemented);
}

/** What surrounds every handler. */
interface Surroundings {
  readonly engine: Engine;
  readonly faults: Faults;
  readonly rpc: Rpc;
  readonly service: DescService;
}

/**
 * Makes the routes of all handlers. Around each of them come, from the outside: the journal, the mod's translation of errors,
 * the faults that are asked for, the few checks that precede the bridge, and the bridge.
 */
export function createRoutes(handlers: Partial<Handlers>, engine: Engine, faults: Faults): Routes {
  const rpcByPath = new Map<string, Rpc>(Object.values(rpcs).map((rpc) => [rpc.path, rpc]));
  const routes = new Map<string, Route>();
  for (const { service, methods } of toServiceSpecs(handlers)) {
    for (const spec of Object.values(methods)) {
      const path = pathOf(spec.method);
      const rpc = rpcByPath.get(path);
      if (rpc === undefined) throw new Error(`${path} is not in the registry`);
      const isPresent = (): boolean => !faults.plan.unimplemented.includes(rpc.id);
      routes.set(path, { service, spec: surround(spec, { engine, faults, rpc, service }), isPresent });
    }
  }
  return routes;
}

function surround(spec: MethodImplSpec, surroundings: Surroundings): MethodImplSpec {
  switch (spec.kind) {
    case "unary":
      return {
        kind: "unary",
        method: spec.method,
        impl: (request, context) =>
          once(surroundings, request, context, () => Promise.resolve(spec.impl(request, context))),
      };
    case "client_streaming":
      return {
        kind: "client_streaming",
        method: spec.method,
        impl: (requests, context) => once(surroundings, undefined, context, () => spec.impl(requests, context)),
      };
    case "server_streaming":
      return {
        kind: "server_streaming",
        method: spec.method,
        impl: (request, context) => many(surroundings, request, context, () => spec.impl(request, context)),
      };
    case "bidi_streaming":
      return {
        kind: "bidi_streaming",
        method: spec.method,
        impl: (requests, context) => many(surroundings, undefined, context, () => spec.impl(requests, context)),
      };
  }
}

async function once<T>(
  surroundings: Surroundings,
  request: Message | undefined,
  context: HandlerContext,
  handle: () => Promise<T>,
): Promise<T> {
  try {
    await enter(surroundings, request, context);
    const answer = await handle();
    surroundings.faults.afterMessage(surroundings.rpc.id, 1);
    writeDown(surroundings, request, "ok");
    return answer;
  } catch (error) {
    throw fail(surroundings, request, context, error);
  }
}

async function* many<T>(
  surroundings: Surroundings,
  request: Message | undefined,
  context: HandlerContext,
  handle: () => AsyncIterable<T>,
): AsyncGenerator<T> {
  let status = "Canceled";
  try {
    await enter(surroundings, request, context);
    let count = 0;
    for await (const message of handle()) {
      yield message;
      surroundings.faults.afterMessage(surroundings.rpc.id, ++count);
    }
    status = "ok";
  } catch (error) {
    const failure = toConnectError(surroundings.rpc.id, surroundings.service.name, error, context.signal);
    status = Code[failure.code];
    throw failure;
  } finally {
    // Also when the reader leaves, which ends a generator without an error.
    writeDown(surroundings, request, status);
  }
}

async function enter(
  { faults, rpc, service }: Surroundings,
  request: Message | undefined,
  { signal }: HandlerContext,
): Promise<void> {
  await faults.beforeArguments(rpc.id, signal);
  if (request !== undefined) checkBeforeBridge(request);
  faults.atBridge(rpc.modality, service.name);
  if (request !== undefined) checkBeforeEngine(request);
  faults.inBridge(rpc);
  if (request === undefined || !asksForNothing(request)) await faults.atEngine(rpc, signal);
}

function fail(
  surroundings: Surroundings,
  request: Message | undefined,
  { signal }: HandlerContext,
  error: unknown,
): ConnectError {
  const failure = toConnectError(surroundings.rpc.id, surroundings.service.name, error, signal);
  writeDown(surroundings, request, Code[failure.code]);
  return failure;
}

function writeDown({ engine, rpc }: Surroundings, request: Message | undefined, status: string): void {
  // Whatever carries credentials is kept out as a whole.
  const shown = rpc.access === "secret" || request === undefined ? {} : { request };
  engine.called({ rpc: rpc.id, status, ...shown });
}
