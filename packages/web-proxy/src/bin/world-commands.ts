import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import type { WorldIdentity } from "../server/world/world-identity.js";
import { WorldStore } from "../server/world/world-store.js";
import { parseDuration } from "./parse-proxy-options.js";

interface StoreOptions {
  readonly worldDirectory?: string;
}

interface CreateOptions extends StoreOptions {
  readonly slug: string;
  readonly description?: string;
  readonly tag?: readonly string[];
  readonly address?: readonly string[];
  readonly keyFile?: string;
  readonly expiresIn?: number;
}

interface ListOptions extends StoreOptions {
  readonly format: "text" | "json";
  readonly at: string;
}

interface ExportOptions extends StoreOptions {
  readonly privateKey?: true;
  readonly at: string;
}

/** Where a proxy is that was told nothing else. */
const defaultAuthority = "127.0.0.1:7707";

/** Makes the command `world`: makes, shows and saves the worlds that the proxy hosts. */
export function createWorldCommand(): Command {
  const world = new Command("world").description("The worlds as which the proxy shows its engines.");
  const at = new Option("--at <host>", "host and port of the proxy, for the address").default(defaultAuthority);
  const directory = new Option("--world-directory <folder>", "where worlds and their keys are kept");
  world
    .command("create")
    .description("Makes a world with a key of its own, and prints its id.")
    .argument("<name>", "what it is called")
    .option("--slug <word>", "its name in its address: small letters, digits, dots, dashes", "world")
    .option("--description <text>", "what it is")
    .option("--tag <word...>", "labels")
    .option("--address <address...>", "further addresses, like example.com/world; the first becomes the primary one")
    .option("--key-file <file>", "a private key of one's own: ed25519, as PEM or 32 bytes in hex or base64")
    .option("--expires-in <time>", "how long the proxy may host it: 8h, 30d (default: for ever)", parseDuration)
    .addOption(directory)
    .action(create);
  world
    .command("list")
    .description("Lists the worlds.")
    .option("--format <format>", "text or json", parseFormat, "text")
    .addOption(at)
    .addOption(directory)
    .action(list);
  world
    .command("export")
    .description("Prints what is public of a world, or its private key.")
    .argument("<slug>", "its name in its address")
    .option("--private-key", "its private key, as PEM: whoever has it is the world")
    .addOption(at)
    .addOption(directory)
    .action(exportWorld);
  return world;
}

async function create(name: string, options: CreateOptions): Promise<void> {
  const { slug, description, tag, address, keyFile, expiresIn } = options;
  const expiresAt = expiresIn === undefined ? undefined : Math.floor((Date.now() + expiresIn) / 1_000);
  const privateKey = keyFile === undefined ? undefined : await readFile(keyFile, "utf8");
  const world = { slug, name, description, tags: tag, addresses: address, privateKey, expiresAt };
  console.log((await openStore(options).create(world)).worldId);
}

async function list(options: ListOptions): Promise<void> {
  const worlds = (await openStore(options).list()).map((world) => summarise(world, options.at));
  if (options.format === "json") console.log(JSON.stringify(worlds, undefined, 2));
  else for (const { name, address, worldId } of worlds) console.log(`${name}  ${address}  ${worldId}`);
}

async function exportWorld(slug: string, options: ExportOptions): Promise<void> {
  const store = openStore(options);
  if (options.privateKey === true) process.stdout.write(await store.exportPrivateKey(slug));
  else console.log(JSON.stringify(summarise(await store.get(slug), options.at), undefined, 2));
}

function openStore({ worldDirectory }: StoreOptions): WorldStore {
  return new WorldStore({ directory: worldDirectory });
}

/** What is public of a world. */
function summarise({ worldId, name, slug, addresses, description, tags, expiresAt }: WorldIdentity, at: string) {
  return { worldId, name, address: addresses?.[0] ?? `${at}/${slug}`, slug, description, tags, expiresAt };
}

function parseFormat(text: string): "text" | "json" {
  if (text !== "text" && text !== "json") throw new InvalidArgumentError("expected text or json");
  return text;
}
