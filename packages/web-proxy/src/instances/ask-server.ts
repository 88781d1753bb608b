import { isJsonObject, type JsonObject } from "../world/fields.js";
import { statusPrefix } from "../world/names.js";
import { InvalidJsonError, parseJson } from "../world/parse-json.js";
import { WorldServerError } from "./world-server-error.js";

/** What limits a request to a WorldServer. */
export interface AskOptions {
  /** Gives up, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long one request may take, in milliseconds. Default 10,000; 120,000 for `createInstance`, which starts a world. */
  readonly timeoutMs?: number | undefined;
  /** What sends requests. Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/** A request to a WorldServer. */
export interface WorldQuestion {
  /** Ends with a slash. */
  readonly server: string;
  readonly family: "public" | "private";
  readonly action: string;
  /** What goes into the query. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** What is posted; without, it is a GET. */
  readonly body?: object;
}

/** An answer is read up to this size, in bytes: room for thousands of instances. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** Sends a request and returns the `payload` of the answer. Throws {@link WorldServerError}, or the reason of the signal. */
export async function askServer(
  question: WorldQuestion,
  options: AskOptions,
  defaultTimeoutMs = 10_000,
): Promise<JsonObject> {
  const { signal, timeoutMs = defaultTimeoutMs } = options;
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  const name = `${question.action} at ${question.server}`;
  let status: number;
  let text: string;
  try {
    const response = await send(question, options, signal === undefined ? timeout : AbortSignal.any([signal, timeout]));
    status = response.status;
    text = await readText(response, name);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof WorldServerError) throw cause;
    if (timeout.aborted)
      throw new WorldServerError("WORLD_SERVER_TIMEOUT", `${name} took over ${timeoutMs} ms`, { cause });
    throw new WorldServerError("WORLD_SERVER_UNREACHABLE", `${name} cannot be reached; is the server running?`, {
      cause,
    });
  }
  return payloadOf(text, status, name);
}

async function send(question: WorldQuestion, options: AskOptions, signal: AbortSignal): Promise<Response> {
  const { server, family, action, query = {}, body } = question;
  const { fetch = globalThis.fetch } = options;
  const url = new URL(`${family}/${action}`, server);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return await fetch(url.href, {
    signal,
    // Who answers is part of what is verified, and nobody needs to know us.
    redirect: "error",
    credentials: "omit",
    cache: "no-store",
    ...(body === undefined
      ? {}
      : { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
}

async function readText(response: Response, name: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let byteLength = 0;
  for await (const chunk of response.body ?? []) {
    byteLength += chunk.byteLength;
    if (byteLength > maxAnswerBytes) {
      // Leaving the loop cancels what is still to come.
      throw new WorldServerError("MALFORMED_RESPONSE", `${name} answered with more than ${maxAnswerBytes} bytes`, {
        httpStatus: response.status,
      });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function payloadOf(text: string, httpStatus: number, name: string): JsonObject {
  const answer = readAnswer(text, httpStatus, name);
  const { status, payload } = answer;
  const isSuccess = httpStatus >= 200 && httpStatus < 300;
  const isBare = status === undefined && isJsonObject(payload);
  const saysSuccess = typeof status === "string" && status.startsWith(`${statusPrefix}success.`);
  if (isSuccess && (isBare || saysSuccess)) return isJsonObject(payload) ? payload : {};
  if (typeof status !== "string" || saysSuccess) {
    throw new WorldServerError(
      "MALFORMED_RESPONSE",
      `${name} answered with HTTP ${httpStatus} and no status that fits`,
      {
        httpStatus,
      },
    );
  }
  const { message: said } = isJsonObject(payload) ? payload : {};
  const message = typeof said === "string" ? said : "no reason given";
  throw new WorldServerError("WORLD_SERVER_REFUSED", `${name} said ${status.slice(0, 200)}: ${message.slice(0, 500)}`, {
    status,
    httpStatus,
  });
}

function readAnswer(text: string, httpStatus: number, name: string): JsonObject {
  try {
    const answer = parseJson(text);
    if (isJsonObject(answer)) return answer;
  } catch (error) {
    if (!(error instanceof InvalidJsonError)) throw error;
  }
  throw new WorldServerError(
    "MALFORMED_RESPONSE",
    `${name} answered with HTTP ${httpStatus} and no JSON object; is it a WorldServer?`,
    { httpStatus },
  );
}
