import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import {
  createWebSocketTransport,
  type JoinChannelOptions,
  type JoinedChannel,
  joinChannel,
  type WebSocketTransport,
} from "@resoio/web-proxy/client";
import { boardChannel } from "../../../../examples/gen/board/v1/board_channel.ts";
import { ChannelLog } from "./channel-log.ts";

/** A message by name, its fields as JSON. */
export type JsonMessage = readonly [name: string, fields: JsonObject];

/** How a client joins. */
export interface BoardJoin extends Pick<JoinChannelOptions, "replay" | "framing" | "rooms" | "maxRateHz"> {
  readonly token?: string;
  /** Whether its handler of thoughts never comes to an end, so that it soon takes nothing more. */
  readonly isStuck?: boolean;
}

/** A client of the board, in Node or in a page: the same code. */
export class BoardClient {
  readonly log: ChannelLog;
  readonly channel: JoinedChannel<typeof boardChannel>;
  readonly #transport: WebSocketTransport;

  private constructor(transport: WebSocketTransport, channel: JoinedChannel<typeof boardChannel>, isStuck: boolean) {
    this.#transport = transport;
    this.channel = channel;
    this.log = new ChannelLog(channel);
    if (isStuck) channel.on("Thought", () => new Promise(() => {}));
  }

  static async join(url: string, { token, isStuck = false, ...options }: BoardJoin): Promise<BoardClient> {
    const transport = createWebSocketTransport({ url, ...(token === undefined ? {} : { token }) });
    try {
      return new BoardClient(transport, await joinChannel(transport, boardChannel, options), isStuck);
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  /** Sends messages; as one group if `isAtomic`. */
  send(messages: readonly JsonMessage[], isAtomic: boolean): void {
    const sendAll = (): void => {
      for (const [name, fields] of messages) {
        const schema = boardChannel.byName(name)?.schema;
        if (schema === undefined) throw new Error(`there is no message ${name}`);
        // What the board lets clients send is checked when it is sent.
        this.channel.send(name as "ChatLine", fromJson(schema, fields) as never);
      }
    };
    if (isAtomic) this.channel.atomic(sendAll);
    else sendAll();
  }

  /** Loses the connection without a word, as far as a client can: it joins again by itself. */
  async close(): Promise<void> {
    await this.channel.close();
    await this.#transport.close();
  }
}
