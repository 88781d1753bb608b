import type { DescService, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type MethodImplSpec } from "@connectrpc/connect";
import { type Rpc, rpcs } from "@resoio/core";
import { pathOf } from "@resoio/core/internal";
import type { Engine } from "../engine/engine.js";
import type { Faults } from "../faults/faults.js";
import { type Handlers, toServiceSpecs } from "../gen/handlers.js";
import { asksForNothing, checkBeforeBridge, checkBeforeEngine } from "../services/check-arguments.js";
import { toConnectError } from "../services/to-connect-error.js";
import type { AnswerMessage, RouteSpec } from "./route-spec.js";
import type { StandIn } from "./stand-in.js";

/** One RPC that can be called. */
export interface Route {
  readonly service: DescService;
  readonly spec: RouteSpec;
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
  readonly standIn: StandIn | undefined;
  readonly rpc: Rpc;
  readonly service: DescService;
}

/**
 * Makes the routes of all handlers. Around each of them come, from the outside: the journal, the mod's translation of errors,
 * the faults that are asked for, the few checks that precede the bridge, and the bridge. A stand-in answers in place of the
 * checks and the handler.
 */
export function createRoutes(
  handlers: Partial<Handlers>,
  engine: Engine,
  faults: Faults,
  standIn?: StandIn | undefined,
): Routes {
  const rpcByPath = new Map<string, Rpc>(Object.values(rpcs).map((rpc) => [rpc.path, rpc]));
  const routes = new Map<string, Route>();
  for (const { service, methods } of toServiceSpecs(handlers)) {
    for (const spec of Object.values(methods)) {
      const path = pathOf(spec.method);
      const rpc = rpcByPath.get(path);
      if (rpc === undefined) throw new Error(`${path} is not in the registry`);
      const isPresent = (): boolean => !faults.plan.unimplemented.includes(rpc.id);
      routes.set(path, { service, spec: surround(spec, { engine, faults, standIn, rpc, service }), isPresent });
    }
  }
  return routes;
}

/** A call on its way to what answers it. */
interface RoutedCall<T> {
  /** The request, where there is one only. */
  readonly request: Message | undefined;
  readonly context: HandlerContext;
  /** Asks the stand-in. */
  readonly findPlayed: () => Promise<(() => T) | undefined> | undefined;
  readonly handle: () => T;
}

function surround(spec: MethodImplSpec, surroundings: Surroundings): RouteSpec {
  const { rpc, standIn } = surroundings;
  switch (spec.kind) {
    case "unary":
      return {
        kind: "unary",
        method: spec.method,
        impl: (request, context) =>
          once(surroundings, {
            request,
            context,
            findPlayed: () => standIn?.unary(rpc, request, context.signal),
            handle: () => spec.impl(request, context),
          }),
      };
    case "client_streaming":
      return {
        kind: "client_streaming",
        method: spec.method,
        impl: (requests, context) =>
          once(surroundings, {
            request: undefined,
            context,
            findPlayed: () => standIn?.clientStream(rpc),
            handle: () => spec.impl(requests, context),
          }),
      };
    case "server_streaming":
      return {
        kind: "server_streaming",
        method: spec.method,
        impl: (request, context) =>
          many(surroundings, {
            request,
            context,
            findPlayed: () => standIn?.serverStream(rpc, request, context.signal),
            handle: () => spec.impl(request, context),
          }),
      };
    case "bidi_streaming":
      return {
        kind: "bidi_streaming",
        method: spec.method,
        impl: (requests, context) =>
          many(surroundings, {
            request: undefined,
            context,
            // The mod has none of them.
            findPlayed: () => undefined,
            handle: () => spec.impl(requests, context),
          }),
      };
  }
}

async function once(
  surroundings: Surroundings,
  call: RoutedCall<AnswerMessage | Promise<AnswerMessage>>,
): Promise<AnswerMessage> {
  let [status, isPlayed] = ["ok", false];
  try {
    const played = await enter(surroundings, call);
    isPlayed = played !== undefined;
    const answer = await (played ?? call.handle)();
    surroundings.faults.afterMessage(surroundings.rpc.id, 1);
    return answer;
  } catch (error) {
    const failure = translate(surroundings, call, error);
    status = Code[failure.code];
    throw failure;
  } finally {
    writeDown(surroundings, call.request, status, isPlayed);
  }
}

async function* many(
  surroundings: Surroundings,
  call: RoutedCall<AsyncIterable<AnswerMessage>>,
): AsyncGenerator<AnswerMessage> {
  let [status, isPlayed] = ["Canceled", false];
  try {
    const played = await enter(surroundings, call);
    isPlayed = played !== undefined;
    let count = 0;
    for await (const message of (played ?? call.handle)()) {
      yield message;
      surroundings.faults.afterMessage(surroundings.rpc.id, ++count);
    }
    status = "ok";
  } catch (error) {
    const failure = translate(surroundings, call, error);
    status = Code[failure.code];
    throw failure;
  } finally {
    // Also when the reader leaves, which ends a generator without an error.
    writeDown(surroundings, call.request, status, isPlayed);
  }
}

/** Lets a call in. Returns what answers it in place of the handler, if anything does. */
async function enter<T>(
  { faults, rpc, service }: Surroundings,
  { request, context: { signal }, findPlayed }: RoutedCall<T>,
): Promise<(() => T) | undefined> {
  await faults.beforeArguments(rpc.id, signal);
  const played = await findPlayed();
  // What was recorded says by itself what the mod made of the arguments.
  const checked = played === undefined ? request : undefined;
  if (checked !== undefined) checkBeforeBridge(checked);
  faults.atBridge(rpc.modality, service.name);
  if (checked !== undefined) checkBeforeEngine(checked);
  faults.inBridge(rpc);
  if (checked === undefined || !asksForNothing(checked)) await faults.atEngine(rpc, signal);
  return played;
}

function translate(
  { rpc, service }: Surroundings,
  { context: { signal } }: Pick<RoutedCall<unknown>, "context">,
  error: unknown,
): ConnectError {
  return toConnectError(rpc.id, service.name, error, signal);
}

function writeDown(
  { engine, rpc }: Surroundings,
  request: Message | undefined,
  status: string,
  isPlayed: boolean,
): void {
  // Whatever carries credentials is kept out as a whole.
  const shown = rpc.access === "secret" || request === undefined ? {} : { request };
  engine.called({ rpc: rpc.id, status, ...shown, ...(isPlayed ? { isPlayed } : {}) });
}
