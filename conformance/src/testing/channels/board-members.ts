import { missingChromium, type SharedPage, sharedPage } from "../chromium.ts";
import { toBase64 } from "../page/base64.ts";
import { BoardClient, type BoardJoin, type JsonMessage } from "./board-client.ts";
import type { LogEntry } from "./channel-log.ts";
import { RawSocket } from "./raw-socket.ts";

/** A client of the board, wherever it runs. */
export interface BoardMember {
  readonly clientId: number;
  /** All that it was told, as soon as a line is `line`. */
  until(line: string): Promise<readonly LogEntry[]>;
  /** All lines, as soon as there are so many. */
  lines(count: number): Promise<readonly string[]>;
  /** Sends messages; resolves when the socket has taken them. */
  send(...messages: readonly JsonMessage[]): Promise<void>;
  /** Sends messages as one group. */
  sendGroup(...messages: readonly JsonMessage[]): Promise<void>;
  /** Leaves, and closes its connection. */
  close(): Promise<void>;
}

/** A WebSocket that sends whatever a test wants. */
export interface RawMember {
  send(message: string | Uint8Array<ArrayBuffer>): Promise<void>;
  closed(): Promise<string>;
  close(): Promise<void>;
}

/** Where clients run. */
export interface MemberPlace {
  readonly name: string;
  /** Why there is none here. */
  readonly missing: string | undefined;
  /** The origins that a proxy must allow for its pages. */
  origins(): Promise<readonly string[]>;
  /** Joins. Throws an error with the message of the refusal. */
  join(url: string, options?: BoardJoin): Promise<BoardMember>;
  openSocket(url: string): Promise<RawMember>;
}

const node: MemberPlace = {
  name: "Node",
  missing: undefined,
  origins: async () => [],
  async join(url, options = {}) {
    const client = await BoardClient.join(url, options);
    return member({
      clientId: client.channel.clientId,
      moreThan: (count) => client.log.moreThan(count),
      async send(messages, isAtomic) {
        client.send(messages, isAtomic);
        await client.channel.flush();
      },
      close: () => client.close(),
    });
  },
  async openSocket(url) {
    const socket = await RawSocket.open(url);
    return {
      send: async (message) => socket.send(message),
      closed: () => socket.closed(),
      close: async () => socket.close(),
    };
  },
};

const chromium: MemberPlace = {
  name: "Chromium",
  missing: missingChromium(),
  origins: async () => [(await sharedPage()).origin],
  async join(url, options = {}) {
    const { page }: SharedPage = await sharedPage();
    const joined = await page.evaluate(([to, how]) => pageChannels.join(to, how), [
      url,
      JSON.stringify(options),
    ] as const);
    if (typeof joined === "string") throw new Error(joined);
    return member({
      clientId: await page.evaluate((id) => pageChannels.clientId(id), joined),
      moreThan: (count) =>
        page.evaluate(([id, known]) => pageChannels.logMoreThan(id, known), [joined, count] as const),
      send: (messages, isAtomic) =>
        page.evaluate(([id, all, atomic]) => pageChannels.send(id, all, atomic), [
          joined,
          JSON.stringify(messages),
          isAtomic,
        ] as const),
      close: () => page.evaluate((id) => pageChannels.close(id), joined),
    });
  },
  async openSocket(url) {
    const { page } = await sharedPage();
    const socket = await page.evaluate((to) => pageChannels.openSocket(to), url);
    return {
      async send(message) {
        if (typeof message === "string") {
          await page.evaluate(([id, text]) => pageChannels.sendText(id, text), [socket, message] as const);
        } else {
          const base64 = toBase64(message);
          await page.evaluate(([id, bytes]) => pageChannels.sendBytes(id, bytes), [socket, base64] as const);
        }
      },
      closed: () => page.evaluate((id) => pageChannels.socketClosed(id), socket),
      close: () => page.evaluate((id) => pageChannels.closeSocket(id), socket),
    };
  },
};

/** Node, and a page in Chromium. */
export const memberPlaces: readonly MemberPlace[] = [node, chromium];

interface MemberParts {
  readonly clientId: number;
  moreThan(count: number): Promise<readonly LogEntry[]>;
  send(messages: readonly JsonMessage[], isAtomic: boolean): Promise<void>;
  close(): Promise<void>;
}

function member({ clientId, moreThan, send, close }: MemberParts): BoardMember {
  return {
    clientId,
    async until(line) {
      for (let log = await moreThan(-1); ; log = await moreThan(log.length)) {
        if (log.some((entry) => entry.line === line)) return log;
      }
    },
    async lines(count) {
      return (await moreThan(count - 1)).map(({ line }) => line);
    },
    send: (...messages) => send(messages, false),
    sendGroup: (...messages) => send(messages, true),
    close,
  };
}
