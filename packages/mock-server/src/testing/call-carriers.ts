import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, createServiceImplSpec, type ServiceImpl } from "@connectrpc/connect";
import { Resonite } from "@resoio/core";
import { pathOf } from "@resoio/core/internal";
import { createUdsTransport } from "@resoio/node-uds";
import { createInProcessTransport, type InProcessTransport } from "../in-process/create-in-process-transport.js";
import { listenGrpc } from "../server/grpc-server.js";
import type { Route, Routes } from "../server/routes.js";
import { temporaryFolder } from "./temporary-folder.js";

/** Makes routes of handlers that a test writes, with nothing around them. */
export function routesOf<T extends DescService>(service: T, handlers: Partial<ServiceImpl<T>>): Routes {
  const { methods } = createServiceImplSpec(service, handlers);
  return new Map(
    Object.values(methods).map((spec): [string, Route] => [
      pathOf(spec.method),
      { service, spec, isPresent: () => true },
    ]),
  );
}

/** A client of handlers. Disposing of it ends what it reaches, too. */
export interface ServedClient extends AsyncDisposable {
  readonly resonite: Resonite;
}

/** What carries calls to handlers, for `describe.each`. */
export const callCarriers: readonly { readonly name: string; open(routes: Routes): Promise<ServedClient> }[] = [
  {
    name: "in process",
    async open(routes) {
      const { resonite, shutDown } = openInProcess(routes);
      return {
        resonite,
        async [Symbol.asyncDispose]() {
          await resonite.close();
          shutDown();
        },
      };
    },
  },
  {
    name: "over a socket",
    async open(routes) {
      const stack = new AsyncDisposableStack();
      const folder = stack.use(await temporaryFolder());
      const socketPath = join(folder.path, "test.sock");
      const server = await listenGrpc({ socketPath, routes });
      stack.defer(() => server.close());
      const resonite = stack.use(new Resonite(createUdsTransport({ socketPath })));
      return { resonite, [Symbol.asyncDispose]: () => stack.disposeAsync() };
    },
  },
];

/** Reaches handlers in this process, until `shutDown`. */
export function openInProcess(routes: Routes): {
  readonly transport: InProcessTransport;
  readonly resonite: Resonite;
  readonly shutDown: () => void;
} {
  const shutdown = new AbortController();
  const transport = createInProcessTransport({ routes, shutdownSignal: shutdown.signal });
  return {
    transport,
    resonite: new Resonite(transport),
    shutDown: () => shutdown.abort(new ConnectError("the mod is shutting down", Code.Unavailable)),
  };
}
