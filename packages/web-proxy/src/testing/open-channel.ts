import { setImmediate as nextTurn } from "node:timers/promises";
import {
  createWebSocketTransport,
  type JoinChannelOptions,
  type JoinedChannel,
  joinChannel,
  type WebSocketTransport,
  type WebSocketTransportOptions,
} from "../client/index.js";
import type { Channel } from "../server/channels/channel.js";
import type { ChannelOptions } from "../server/channels/channel-options.js";
import { createChannel } from "../server/channels/create-channel.js";
import { createProxy } from "../server/create-proxy.js";
import type { ProxyOptions } from "../server/proxy-options.js";
import type { WebProxy } from "../server/web-proxy.js";
import { type NoteChannel, noteChannel } from "./note-channel.js";

/** A client of {@link OpenChannel}. */
export interface NoteClient extends AsyncDisposable {
  readonly channel: JoinedChannel<NoteChannel>;
  readonly transport: WebSocketTransport;
  /** What came, as text, in order: `Note x=1`, and `ready` for the end of the replay. */
  readonly log: string[];
  /** Resolves when `isSo` holds, which is asked after everything that comes. */
  until(isSo: (log: readonly string[]) => boolean): Promise<void>;
}

/** A channel for tests behind a proxy on a port of this machine. */
export interface OpenChannel extends AsyncDisposable {
  readonly channel: Channel<NoteChannel>;
  readonly proxy: WebProxy;
  readonly url: string;
  /** Joins the channel over a connection of its own. */
  join(options?: JoinChannelOptions, transport?: Partial<WebSocketTransportOptions>): Promise<NoteClient>;
}

/** Serves {@link noteChannel}. */
export async function openChannel(
  options: ChannelOptions = {},
  proxyOptions: Partial<ProxyOptions> = {},
): Promise<OpenChannel> {
  const channel = createChannel(noteChannel, options);
  const proxy = await createProxy({ channels: [channel], port: 0, ...proxyOptions });
  const clients: NoteClient[] = [];
  return {
    channel,
    proxy,
    url: proxy.url,
    async join(joinOptions, transportOptions) {
      const transport = createWebSocketTransport({ url: proxy.url, keepAlive: false, ...transportOptions });
      try {
        const client = await joinNotes(transport, joinOptions);
        clients.push(client);
        return client;
      } catch (error) {
        await transport.close();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.transport.close();
      await channel.close({ drainMs: 0 });
      await proxy.stop({ drainMs: 0 });
    },
  };
}

/** Joins {@link noteChannel} and writes down what comes. */
export async function joinNotes(transport: WebSocketTransport, options?: JoinChannelOptions): Promise<NoteClient> {
  const channel = await joinChannel(transport, noteChannel, options);
  const log: string[] = [];
  let changed = Promise.withResolvers<void>();
  const write = (line: string): void => {
    log.push(line);
    changed.resolve();
    changed = Promise.withResolvers();
  };
  channel.onAny((named) => write(textOfNote(named)));
  channel.onReady(() => write("ready"));
  channel.onReset(() => write("reset"));
  return {
    channel,
    transport,
    log,
    async until(isSo) {
      while (!isSo(log)) await changed.promise;
    },
    async [Symbol.asyncDispose]() {
      await transport.close();
    },
  };
}

/** A message in a few words: `Note x=1`, `Line 5`. */
export function textOfNote({ name, message }: { readonly name: string; readonly message: object }): string {
  if ("value" in message) {
    const { value } = message;
    const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
    return "name" in message ? `${name} ${String(message.name)}=${text}` : `${name} ${text}`;
  }
  return name;
}

/** Lets what is on its way within this process arrive. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}
