import { attachProxy } from "../server/attach-proxy.js";
import { createProxy } from "../server/create-proxy.js";
import type { CommonProxyOptions } from "../server/proxy-options.js";
import type { RunningProxy } from "../server/web-proxy.js";
import { openServer } from "./open-server.js";

/** A proxy somewhere. */
export interface PlacedProxy {
  readonly proxy: RunningProxy;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** What is in front of its paths. Empty: nothing. */
  readonly path: string;
}

/** Where proxies can be, for `describe.each`. All of it ends with the stack. */
export const proxyPlaces: readonly {
  readonly place: string;
  readonly open: (stack: AsyncDisposableStack, options: CommonProxyOptions) => Promise<PlacedProxy>;
}[] = [
  {
    place: "a port of its own",
    async open(stack, options) {
      const proxy = stack.use(await createProxy({ ...options, port: 0 }));
      return { proxy, origin: proxy.url, path: "" };
    },
  },
  {
    place: "somebody else's server",
    async open(stack, options) {
      const owner = stack.use(openServer());
      const origin = await owner.listen();
      const path = "/some/path";
      return { proxy: stack.use(await attachProxy(owner.server, { ...options, path })), origin, path };
    },
  },
];
