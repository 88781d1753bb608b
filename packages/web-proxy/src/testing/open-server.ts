import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { ListenOptions } from "node:net";
import { localhostCert, localhostKey } from "./localhost-certificate.js";

/** Somebody's own server, on which a proxy may be put. */
export interface OpenServer extends AsyncDisposable {
  readonly server: Server;
  /** The requests that came to its owner, as `GET /path`. */
  readonly requests: readonly string[];
  /** Listens, at any port of this machine unless told otherwise. Returns the url, without a slash at its end. */
  listen(where?: ListenOptions): Promise<string>;
}

/** Options of {@link openServer}. */
export interface OpenServerOptions {
  readonly tls?: boolean;
  /** Answers what comes to the owner. Default: `the owner's`, and what was posted. */
  readonly answer?: RequestListener;
}

/** Makes a server that does not listen yet. */
export function openServer({ tls = false, answer = echo }: OpenServerOptions = {}): OpenServer {
  const requests: string[] = [];
  const onRequest: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  };
  const server = tls ? createTlsServer({ cert: localhostCert, key: localhostKey }, onRequest) : createServer(onRequest);
  return {
    server,
    requests,
    async listen(where = { host: "127.0.0.1", port: 0 }) {
      server.listen(where);
      await once(server, "listening");
      const address = server.address();
      if (typeof address !== "object" || address === null) return "";
      return `${tls ? "https" : "http"}://127.0.0.1:${address.port}`;
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const echo: RequestListener = async (request, response) => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  response.end(`the owner's${body}`);
};
