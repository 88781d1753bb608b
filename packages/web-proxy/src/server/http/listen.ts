import { once } from "node:events";
import type { Server } from "node:net";
import { ListenError, type ListenErrorCode } from "../listen-error.js";
import type { ListenOptions } from "../proxy-options.js";

/** How many ports are tried behind one that is taken. */
const maxFurtherPorts = 100;
const lastPort = 65_535;

/**
 * Makes `server` listen, unless told otherwise at the next port that is free. Returns where it does.
 *
 * Fails with {@link ListenError} for whatever reason it cannot.
 */
export async function listen(
  server: Server,
  options: Omit<ListenOptions, "tls">,
): Promise<{ readonly address: string; readonly port: number }> {
  const { host, port: firstPort, strictPort } = options;
  const triesOthers = !strictPort && firstPort !== 0;
  const highest = triesOthers ? Math.min(firstPort + maxFurtherPorts, lastPort) : firstPort;
  for (let port = firstPort; ; port++) {
    try {
      server.listen({ host, port });
      // Rejects when an error comes instead.
      await once(server, "listening");
    } catch (cause) {
      if (codeOf(cause) === "EADDRINUSE" && port < highest) continue;
      throw explain(cause, { ...options, highest });
    }
    const bound = server.address();
    if (typeof bound !== "object" || bound === null) throw new Error("a server at a port has an address");
    return bound;
  }
}

interface Attempt extends Omit<ListenOptions, "tls"> {
  /** The last port that was tried. */
  readonly highest: number;
}

function explain(cause: unknown, attempt: Attempt): ListenError {
  const { host, port } = attempt;
  const [code, message] = explanation(cause, attempt);
  return new ListenError(message, { code, host, port, cause });
}

function explanation(cause: unknown, { host, port, highest, strictPort }: Attempt): [ListenErrorCode, string] {
  switch (codeOf(cause)) {
    case "EADDRINUSE":
      return [
        "PORT_TAKEN",
        highest > port
          ? `ports ${port} to ${highest} of ${host} are all taken: choose another one (port, --port), or 0 for any that is free`
          : `port ${port} of ${host} is taken: stop what listens there, choose another one (port, --port)` +
            (strictPort ? ", or let the next free one be taken (without strictPort, --strict-port)" : ""),
      ];
    case "EACCES":
    case "EPERM":
      return [
        "LISTENING_NOT_PERMITTED",
        `listening at port ${port} of ${host} is not permitted: choose a port from 1024 on (port, --port)`,
      ];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ["UNKNOWN_HOST", `${host} is no host that can be found: give an address of this machine (host, --host)`];
    case "EADDRNOTAVAIL":
    case "EINVAL":
      return ["HOST_NOT_HERE", `${host} is no address of this machine: give one that is (host, --host)`];
    default:
      return ["CANNOT_LISTEN", `cannot listen at port ${port} of ${host}: ${String(cause)}`];
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
