import { Code, ConnectError } from "@connectrpc/connect";
import { subprotocol } from "../wire/protocol.js";
import { errorFromStatus } from "./errors-from-proxy.js";
import type { ProxyTarget } from "./proxy-target.js";
import { readText } from "./read-text.js";

/** Why a WebSocket could not be opened. */
export interface Refusal {
  readonly error: ConnectError;
  /** Whether trying again would end the same. */
  readonly isFinal: boolean;
}

/** What the next attempt cannot put right: the token, the origin, the host, the name of the upstream. */
const finalStatuses: ReadonlySet<number> = new Set([401, 403, 404, 421]);

/** What the endpoint answers when all it misses is the WebSocket. */
const upgradeRequired = 426;

/**
 * Finds out why a WebSocket could not be opened. A browser does not tell, so the endpoint is asked without one: a proxy
 * refuses that for the same reasons and says so.
 *
 * Fails when `signal` is aborted.
 */
export async function explainRefusal(target: ProxyTarget, signal: AbortSignal): Promise<Refusal> {
  const { label, probeUrl } = target.address;
  try {
    return await ask(target, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (!(await isThere(probeUrl, signal))) {
      const message = `nobody answers at ${label}; is the proxy running?`;
      return { error: failure(message, Code.Unavailable, cause), isFinal: false };
    }
  }
  // Either it does not want this page, or it was just starting. In the latter case it answers now.
  try {
    return await ask(target, signal);
  } catch (cause) {
    signal.throwIfAborted();
    return foreignOrigin(label, cause);
  }
}

async function ask({ address, token }: ProxyTarget, signal: AbortSignal): Promise<Refusal> {
  const { label, probeUrl } = address;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(probeUrl, { headers, signal, cache: "no-store" });
  const text = await readText(response);
  if (response.ok) return unknownPeer(`${label} answered like a web site`);
  if (response.status === upgradeRequired) return noWebSocket(label);
  return { error: errorFromStatus(response.status, text, label), isFinal: finalStatuses.has(response.status) };
}

/** Whether anybody answers, whatever it is. Pages of another origin learn no more than that. */
async function isThere(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    await fetch(url, { mode: "no-cors", signal, cache: "no-store" });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function unknownPeer(what: string): Refusal {
  return { error: failure(`${what}; is it the address of a resoio proxy?`, Code.Unknown), isFinal: false };
}

function noWebSocket(label: string): Refusal {
  const message = `${label} answers, but no WebSocket can be opened: it does not speak ${subprotocol}, or something in between refuses`;
  return { error: failure(message, Code.Unavailable), isFinal: false };
}

function foreignOrigin(label: string, cause: unknown): Refusal {
  const message = `${label} is there but does not let pages of this origin in; start the proxy with --allow-origin`;
  return { error: failure(message, Code.PermissionDenied, cause), isFinal: true };
}

function failure(message: string, code: Code, cause?: unknown): ConnectError {
  return new ConnectError(message, code, undefined, undefined, cause);
}
