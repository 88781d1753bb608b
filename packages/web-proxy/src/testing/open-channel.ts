import { setImmediate as nextTurn } from "node:timers/promises";
import { createReconnectPolicy } from "@resoio/core";
import { WebSocket } from "ws";
import {
  createWebSocketTransport,
  type JoinChannelOptions,
  type JoinedChannel,
  joinChannel,
  type WebSocketTransport,
  type WebSocketTransportOptions,
} from "../client/index.js";
import type { Channel } from "../server/channels/channel.js";
import type { ChannelClient } from "../server/channels/channel-client.js";
import type { ChannelOptions } from "../server/channels/channel-options.js";
import { createChannel } from "../server/channels/create-channel.js";
import { createProxy } from "../server/create-proxy.js";
import type { ProxyOptions } from "../server/proxy-options.js";
import type { WebProxy } from "../server/web-proxy.js";
import { EventLog } from "./event-log.js";
import { type NoteChannel, noteChannel } from "./note-channel.js";

/** A client of {@link OpenChannel}. */
export interface NoteClient extends AsyncDisposable {
  readonly channel: JoinedChannel<NoteChannel>;
  readonly transport: WebSocketTransport;
  /** What came, as text, in order: `Note x=1`, and `ready` for the end of the replay. */
  readonly log: string[];
  /** Resolves when `isSo` holds, which is asked after everything that comes. */
  until(isSo: string | ((log: readonly string[]) => boolean)): Promise<void>;
}

/** A {@link NoteClient} with a connection of its own. */
export interface ConnectedNoteClient extends NoteClient {
  /** Cuts its connection, as when a network goes away. It makes a new one at once. */
  cut(): void;
}

/** A channel for tests behind a proxy on a port of this machine. */
export interface OpenChannel extends AsyncDisposable {
  readonly channel: Channel<NoteChannel>;
  readonly proxy: WebProxy;
  readonly url: string;
  /** Joins the channel over a connection of its own. */
  join(options?: JoinChannelOptions, transport?: Partial<WebSocketTransportOptions>): Promise<ConnectedNoteClient>;
  /** The client that has come as number `index` of those who are there. */
  client(index?: number): ChannelClient<NoteChannel>;
}

/** Who has lost a connection needs not wait in a test. */
const atOnce = createReconnectPolicy({ minDelayMs: 0, maxDelayMs: 0 });

/** Serves {@link noteChannel}. */
export async function openChannel(
  options: ChannelOptions = {},
  proxyOptions: Partial<ProxyOptions> = {},
): Promise<OpenChannel> {
  const channel = createChannel(noteChannel, options);
  const proxy = await createProxy({ channels: [channel], port: 0, ...proxyOptions });
  const clients: NoteClient[] = [];
  const join = async (
    joinOptions: JoinChannelOptions,
    transportOptions: Partial<WebSocketTransportOptions>,
  ): Promise<ConnectedNoteClient> => {
    const sockets: WebSocket[] = [];
    class Watched extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols);
        sockets.push(this);
      }
    }
    const common = { url: proxy.url, keepAlive: false, reconnect: atOnce, webSocket: Watched } as const;
    const transport = createWebSocketTransport({ ...common, ...transportOptions });
    try {
      const client = await joinNotes(transport, { reconnect: atOnce, ...joinOptions });
      return { ...client, cut: () => sockets.at(-1)?.terminate() };
    } catch (error) {
      await transport.close();
      throw error;
    }
  };
  return {
    channel,
    proxy,
    url: proxy.url,
    async join(joinOptions = {}, transportOptions = {}) {
      const client = await join(joinOptions, transportOptions);
      clients.push(client);
      return client;
    },
    client(index = 0) {
      const client = [...channel.clients.values()][index];
      if (client === undefined) throw new Error(`there is no client ${index}`);
      return client;
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
  const log = new EventLog();
  channel.onAny((named) => log.add(textOfNote(named)));
  channel.onReady(() => log.add("ready"));
  channel.onReset(() => log.add("reset"));
  return {
    channel,
    transport,
    log: log.lines,
    until: (isSo) => log.until(isSo),
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
