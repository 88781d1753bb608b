import { connect, type Socket } from "node:net";

/** How a socket is read: into one buffer that is used again, or in Node's own way, with new memory for each read. */
export type Reads = "reused" | "default";

/** Options of {@link openRawSocket}. */
export interface RawSocketOptions {
  readonly socketPath: string;
  /** The byte that says what is wanted. */
  readonly command: number;
  readonly reads: Reads;
  /** Told of every message that has come completely. */
  readonly onMessage: (byteLength: number) => void;
}

const lengthBytes = 4;
const readBufferBytes = 256 * 1024;

/** Opens a connection to the neutral server without any protocol: it says how long its messages are, then sends them. */
export function openRawSocket({ socketPath, command, reads, onMessage }: RawSocketOptions): Socket {
  let messageBytes: number | undefined;
  let received = 0;
  const onBytes = (byteCount: number, bytes: Uint8Array): void => {
    received += byteCount;
    if (messageBytes === undefined) {
      messageBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      received -= lengthBytes;
    }
    for (; received >= messageBytes; received -= messageBytes) onMessage(messageBytes);
  };
  const onread = {
    buffer: Buffer.allocUnsafeSlow(readBufferBytes),
    callback(byteCount: number, buffer: Uint8Array): boolean {
      onBytes(byteCount, buffer);
      return true;
    },
  };
  const socket = reads === "reused" ? connect({ path: socketPath, onread }) : connect({ path: socketPath });
  if (reads === "default") socket.on("data", (chunk: Buffer) => onBytes(chunk.byteLength, chunk));
  socket.write(Buffer.of(command));
  return socket;
}
