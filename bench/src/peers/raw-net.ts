import { once } from "node:events";
import { listingLength, spokenSamples } from "../content.ts";
import { rawCommands, rawPingBytes } from "../server/raw-connection.ts";
import type { Peer } from "./peer.ts";
import { RawExchange } from "./raw-exchange.ts";
import { openRawSocket, type Reads } from "./raw-socket.ts";

/** The socket alone: bytes are counted and forgotten. What comes here in a second is the most that any protocol could bring. */
export async function openRawNet(socketPath: string, reads: Reads): Promise<Peer> {
  const exchanges = new Map<number, RawExchange>();
  const exchangeOf = (command: number): RawExchange => {
    const exchange = exchanges.get(command) ?? new RawExchange({ socketPath, command, reads });
    exchanges.set(command, exchange);
    return exchange;
  };
  const readStream = (command: number, onMessage: (byteLength: number) => boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let isLeft = false;
    const socket = openRawSocket({
      socketPath,
      command,
      reads,
      onMessage(byteLength) {
        if (isLeft || onMessage(byteLength)) return;
        isLeft = true;
        socket.destroy();
        resolve();
      },
    });
    return promise;
  };
  return {
    readPictures: (onPicture) => readStream(rawCommands.picture, onPicture),
    readSound: (onSound) => readStream(rawCommands.sound, onSound),
    async speak(count) {
      const exchange = exchangeOf(rawCommands.speak);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(count * spokenSamples.byteLength);
      const answered = exchange.ask(length);
      const chunk = new Uint8Array(spokenSamples.buffer);
      for (let sent = 0; sent < count; sent++) {
        if (!exchange.socket.write(chunk)) await once(exchange.socket, "drain");
      }
      await answered;
      return count;
    },
    ping: () => exchangeOf(rawCommands.ping).ask(new Uint8Array(rawPingBytes)),
    async list() {
      await exchangeOf(rawCommands.listing).ask(Uint8Array.of(1));
      return listingLength;
    },
    async close() {
      for (const { socket } of exchanges.values()) socket.destroy();
    },
  };
}
