import type { DescService } from "@bufbuild/protobuf";
import type { HandlerContext, MethodImplSpec } from "@connectrpc/connect";
import { type Handlers, toServiceSpecs } from "../gen/handlers.js";
import { toConnectError } from "../services/to-connect-error.js";

/** One RPC that can be called. */
export interface Route {
  readonly service: DescService;
  readonly spec: MethodImplSpec;
}

/** What can be called, by path. A known RPC that is not simulated has no route: it answers UNIMPLEMENTED. */
export type Routes = ReadonlyMap<string, Route>;

/** Makes the routes of all handlers, with the mod's translation of errors around each of them. */
export function createRoutes(handlers: Partial<Handlers>): Routes {
  return new Map(
    toServiceSpecs(handlers).flatMap(({ service, methods }) =>
      Object.values(methods).map((spec): [string, Route] => [
        `/${service.typeName}/${spec.method.name}`,
        { service, spec: translateErrors(service, spec) },
      ]),
    ),
  );
}

/** Wraps a handler so that whatever it throws becomes the status with which the mod answers it. */
function translateErrors(service: DescService, spec: MethodImplSpec): MethodImplSpec {
  const translate = (error: unknown, context: HandlerContext) => toConnectError(service.name, error, context.signal);
  switch (spec.kind) {
    case "unary":
      return {
        kind: "unary",
        method: spec.method,
        async impl(request, context) {
          try {
            return await spec.impl(request, context);
          } catch (error) {
            throw translate(error, context);
          }
        },
      };
    case "client_streaming":
      return {
        kind: "client_streaming",
        method: spec.method,
        async impl(requests, context) {
          try {
            return await spec.impl(requests, context);
          } catch (error) {
            throw translate(error, context);
          }
        },
      };
    case "server_streaming":
      return {
        kind: "server_streaming",
        method: spec.method,
        async *impl(request, context) {
          try {
            yield* spec.impl(request, context);
          } catch (error) {
            throw translate(error, context);
          }
        },
      };
    case "bidi_streaming":
      return {
        kind: "bidi_streaming",
        method: spec.method,
        async *impl(requests, context) {
          try {
            yield* spec.impl(requests, context);
          } catch (error) {
            throw translate(error, context);
          }
        },
      };
  }
}
