import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Access, InvalidOptionsError, type Logger, ResoioError } from "@resoio/core";
import { createUdsTransport, findSocket, type UdsTransport } from "@resoio/node-uds";
import { Command, Option } from "commander";
import { createToken } from "../server/access/tokens.js";
import { createProxy } from "../server/create-proxy.js";
import type { ProxyOptions } from "../server/proxy-options.js";
import type { WebProxy } from "../server/web-proxy.js";
import type { CreateInstancePolicy } from "../server/world/create-instance-policy.js";
import { DiscoveredEngines } from "./discovered-engines.js";
import { parseAccess, parseDuration, parseNamedSocket, parseRecord, parseWholeNumber } from "./parse-proxy-options.js";
import {
  parseRecordedCamera,
  parseRecordedStreams,
  type RecordOptions,
  reportRecording,
  startRecording,
} from "./record-proxy.js";
import { createWorldCommand } from "./world-commands.js";

/** Runs the command `resoio-proxy`: a proxy until it is interrupted, or one of its sub-commands. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    if (!(error instanceof ResoioError) && !(error instanceof Error && "syscall" in error)) throw error;
    console.error(`resoio-proxy: ${error.message}`);
    process.exitCode = 1;
  }
}

interface ServeOptions extends RecordOptions {
  readonly port: number;
  readonly host: string;
  readonly strictPort?: true;
  readonly socket?: string;
  readonly pid?: number;
  readonly mock?: true;
  readonly upstream?: readonly { readonly name: string; readonly socketPath: string }[];
  readonly static?: string;
  readonly staticFallback?: string;
  readonly allowOrigin?: string[];
  readonly allowHost?: string[];
  readonly grant?: readonly Access[];
  readonly requireToken?: true;
  readonly tokenSecretFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly world: boolean;
  readonly worldDirectory?: string;
  readonly createInstancesOf?: CreateInstancePolicy["record"];
  readonly createInstancesBy?: readonly string[];
  readonly publicUrl?: string;
  readonly quiet?: true;
}

interface TokenCommandOptions {
  readonly tokenSecretFile: string;
  readonly access: readonly Access[];
  readonly name?: string;
  readonly expiresIn: number;
}

const tokenExample = `A token for somebody, with the same secret as the proxy:
  resoio-proxy token --token-secret-file proxy.secret --access observe,control --name Ada --expires-in 8h`;

const worldExample = `The worlds that the proxy hosts:
  resoio-proxy world create "My Lab" --slug lab --address lab.example.com/main
  resoio-proxy world list --format json
  resoio-proxy world export lab --private-key`;

function createProgram(): Command {
  const program = new Command("resoio-proxy")
    .description("Lets web pages, and any Connect or gRPC-Web client, use a Resonite IO mod.")
    // So that a sub-command may have an option of the same name.
    .enablePositionalOptions()
    .option("-p, --port <port>", "the port to listen on; 0 for any that is free", parseWholeNumber, 7707)
    .option("--strict-port", "fails when the port is taken, instead of taking the next one that is free")
    .option("--host <host>", "the address to listen on; beyond this machine only with tokens and TLS", "127.0.0.1")
    .option("-s, --socket <path>", "the socket of the mod (default: all that can be found, as they come and go)")
    .addOption(new Option("--pid <n>", "the process of the mod").argParser(parseWholeNumber).conflicts("socket"))
    .addOption(new Option("--mock", "a simulated mod of its own").conflicts(["socket", "pid"]))
    .option(
      "--upstream <name=path>",
      "another mod, at /ws/<name> and /engine/<name>/...; repeatable",
      collectNamedSocket,
    )
    .option("--static <folder>", "a folder of files to serve")
    .option("--static-fallback <file>", "the file in it that answers where a page has none: index.html")
    .option("--allow-origin <origin...>", "other origins whose pages may use the proxy, like http://localhost:5173")
    .option("--allow-host <name...>", "other names by which the proxy is reached")
    .option("--grant <access>", "what may be done without a token, beside observe,control", parseAccess)
    .option("--require-token", "nothing may be done without a token")
    .option("--token-secret-file <file>", "what tokens are signed with: at least 32 bytes")
    .option("--tls-cert <file>", "certificate, as PEM")
    .option("--tls-key <file>", "private key of the certificate, as PEM")
    .option("--no-world", "does not tell which engines there are, as instances of a world")
    .option("--world-directory <folder>", "where worlds and their keys are kept (default: ~/.config/resoio/worlds)")
    .option(
      "--create-instances-of <owner/record>",
      "lets players start this saved world on an engine that nobody uses, as an instance of the world (default: nobody may)",
      parseRecord,
    )
    .option("--create-instances-by <player...>", "who may: ids like medi:player:ed25519:..., or anybody")
    .option("--public-url <url>", "how worlds are reached, where something else terminates TLS in front of the proxy")
    .option("--record <file>", "records the calls of all clients, with camera and sound, as MCAP; replaces the file")
    .option(
      "--record-camera <format>",
      "how pictures are recorded: raw, jpeg, webp, jpeg:640 (default: raw)",
      parseRecordedCamera,
    )
    .option(
      "--record-always <streams>",
      "what is recorded although no page looks or listens: camera,speaker",
      parseRecordedStreams,
    )
    .option("-q, --quiet", "says nothing when clients come and go")
    .addHelpText("after", `\n${tokenExample}\n\n${worldExample}`)
    .action(serve);
  program
    .command("token")
    .description("Prints a token that a proxy with the same secret accepts.")
    .requiredOption("--token-secret-file <file>", "the secret of the proxy")
    .option("--access <access>", "what its bearer may do", parseAccess, ["observe", "control"])
    .option("--name <name>", "who it is for")
    .option("--expires-in <time>", "how long it is valid: 90s, 30m, 8h, 7d", parseDuration, 8 * 3_600_000)
    .action(printToken);
  program.addCommand(createWorldCommand());
  return program;
}

function collectNamedSocket(
  text: string,
  all: readonly ReturnType<typeof parseNamedSocket>[] = [],
): readonly ReturnType<typeof parseNamedSocket>[] {
  return [...all, parseNamedSocket(text)];
}

async function serve(options: ServeOptions): Promise<void> {
  const log = (line: string): void => console.error(`resoio-proxy: ${line}`);
  const logger: Logger = { debug() {}, info: options.quiet === true ? () => {} : log, warn: log };
  const proxyOptions = await readProxyOptions(options, logger);
  await using upstream = await openUpstream(options, logger);
  const { world, worldDirectory: directory, publicUrl } = options;
  const createInstance = createInstancePolicy(options);
  const others = (options.upstream ?? []).map(
    ({ name, socketPath }) => [name, createUdsTransport({ socketPath })] as const,
  );
  await using proxy = await createProxy({
    ...proxyOptions,
    ...upstream.proxyOptions,
    ...(world ? { world: { directory, publicUrl, createInstance } } : {}),
    upstreams: Object.fromEntries(others),
    ownsUpstreams: true,
  });
  const recording = await startRecording(proxy, options);
  console.log(`resoio-proxy listens at ${proxy.url} (Ctrl-C stops it)`);
  await untilInterrupted(proxy, log);
  if (recording !== undefined) console.log(await reportRecording(recording));
}

function createInstancePolicy({
  createInstancesOf: record,
  createInstancesBy: players,
}: ServeOptions): CreateInstancePolicy | undefined {
  if (record === undefined && players === undefined) return undefined;
  if (record === undefined || players === undefined) {
    throw new InvalidOptionsError(
      "--create-instances-of and --create-instances-by belong together: what players may start, and which players",
    );
  }
  return { record, players: players.includes("anybody") ? "anybody" : (id) => players.includes(id) };
}

async function readProxyOptions(options: ServeOptions, logger: Logger): Promise<ProxyOptions> {
  const {
    host,
    port,
    strictPort = false,
    static: staticDirectory,
    allowOrigin = [],
    allowHost = [],
    grant = [],
  } = options;
  const { staticFallback, tokenSecretFile, tlsCert, tlsKey, requireToken = false } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new InvalidOptionsError("--tls-cert and --tls-key belong together: give both or none");
  }
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { cert: await readFile(tlsCert), key: await readFile(tlsKey) };
  return {
    host,
    port,
    strictPort,
    allowOrigins: allowOrigin,
    allowHosts: allowHost,
    anonymousAccess: requireToken ? [] : ["observe", "control", ...grant],
    logger,
    ...(staticDirectory === undefined ? {} : { staticDirectory }),
    ...(staticFallback === undefined ? {} : { staticFiles: { fallback: staticFallback } }),
    ...(tls === undefined ? {} : { tls }),
    ...(tokenSecretFile === undefined ? {} : { tokenSecret: await readSecret(tokenSecretFile, logger) }),
  };
}

async function readSecret(file: string, logger: Logger): Promise<string> {
  const { mode } = await stat(file);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    logger.warn(`${file} can be read by others on this machine: chmod 600 ${file}`);
  }
  return (await readFile(file, "utf8")).trim();
}

interface OpenUpstream extends AsyncDisposable {
  readonly proxyOptions: Pick<ProxyOptions, "upstream" | "engines">;
}

async function openUpstream(options: ServeOptions, logger: Logger): Promise<OpenUpstream> {
  const { mock, socket, pid, upstream: others = [] } = options;
  if (mock === true) return await openMock();
  const { RESONITE_IO_SOCKET: named = "" } = process.env;
  if (socket === undefined && pid === undefined && named === "") {
    return discover(
      others.map(({ socketPath }) => resolve(socketPath)),
      logger,
    );
  }
  const transport = createUdsTransport({ socketPath: () => findSocket({ socketPath: socket, pid }), logger });
  void announce(transport, logger);
  // The proxy closes it; this is for when there is no proxy.
  return { proxyOptions: { upstream: transport }, [Symbol.asyncDispose]: () => transport.close() };
}

function discover(except: readonly string[], logger: Logger): OpenUpstream {
  const engines = new DiscoveredEngines({ except, logger });
  if (engines.count === 0) {
    logger.warn("there is no mod yet; one that comes is used. Start Resonite with the mod, or npx resoio-mock");
  }
  return { proxyOptions: { engines }, [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose]() };
}

/** Looks for the mod at once, so that somebody notices that it is not there. */
async function announce(transport: UdsTransport, logger: Logger): Promise<void> {
  try {
    await transport.open();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn(`there is no mod yet; each call looks for it again. ${reason}`);
  }
}

async function openMock(): Promise<OpenUpstream> {
  const { createMockMod } = await importMock();
  const mod = createMockMod();
  return { proxyOptions: { upstream: mod.transport() }, [Symbol.asyncDispose]: () => mod.close() };
}

async function importMock(): Promise<typeof import("@resoio/mock-server")> {
  try {
    return await import("@resoio/mock-server");
  } catch (cause) {
    throw new InvalidOptionsError("--mock needs the simulated mod: npm install @resoio/mock-server", { cause });
  }
}

/** Stops the proxy in good order the first time, and at once the second time. */
async function untilInterrupted(proxy: WebProxy, log: (line: string) => void): Promise<void> {
  let count = 0;
  const onSignal = (): void => {
    count++;
    const calls = proxy.clients.reduce((sum, { counters }) => sum + counters.openCalls, 0);
    if (count === 1 && calls > 0) log(`stopping when ${calls} calls are over; once more to stop at once`);
    void proxy.stop(count === 1 ? {} : { drainMs: 0 });
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  await proxy.stopped;
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
}

async function printToken({ tokenSecretFile, access, name, expiresIn }: TokenCommandOptions): Promise<void> {
  const log = (line: string): void => console.error(`resoio-proxy: ${line}`);
  const secret = await readSecret(tokenSecretFile, { debug() {}, info: log, warn: log });
  console.log(await createToken({ secret, access, expiresInMs: expiresIn, ...(name === undefined ? {} : { name }) }));
}
