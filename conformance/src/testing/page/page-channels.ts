import { BoardClient, type BoardJoin, type JsonMessage } from "../channels/board-client.ts";
import type { LogEntry } from "../channels/channel-log.ts";
import { RawSocket } from "../channels/raw-socket.ts";
import { fromBase64 } from "./base64.ts";

/** What runs in the page for the tests of channels. The other half is `channels/board-members.ts`. */
export class PageChannels {
  readonly #clients: BoardClient[] = [];
  readonly #sockets: RawSocket[] = [];

  /** Joins the board; the options are JSON. Returns the number of the client, or why it may not. */
  async join(url: string, options: string): Promise<number | string> {
    try {
      const parsed: BoardJoin = JSON.parse(options);
      return this.#clients.push(await BoardClient.join(url, parsed)) - 1;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  clientId(client: number): number {
    return this.#client(client).channel.clientId;
  }

  async logMoreThan(client: number, count: number): Promise<readonly LogEntry[]> {
    return await this.#client(client).log.moreThan(count);
  }

  /** Sends messages, which are JSON. */
  async send(client: number, messages: string, isAtomic: boolean): Promise<void> {
    const parsed: readonly JsonMessage[] = JSON.parse(messages);
    this.#client(client).send(parsed, isAtomic);
    await this.#client(client).channel.flush();
  }

  async close(client: number): Promise<void> {
    await this.#client(client).close();
  }

  async openSocket(url: string): Promise<number> {
    return this.#sockets.push(await RawSocket.open(url)) - 1;
  }

  sendText(socket: number, message: string): void {
    this.#sockets[socket]?.send(message);
  }

  /** Sends bytes, which are base64. */
  sendBytes(socket: number, message: string): void {
    this.#sockets[socket]?.send(fromBase64(message));
  }

  async socketClosed(socket: number): Promise<string> {
    return (await this.#sockets[socket]?.closed()) ?? "";
  }

  closeSocket(socket: number): void {
    this.#sockets[socket]?.close();
  }

  #client(number: number): BoardClient {
    const client = this.#clients[number];
    if (client === undefined) throw new Error(`there is no client ${number}`);
    return client;
  }
}
