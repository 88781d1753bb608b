import type { Socket } from "node:net";
import type { Answer, Answers } from "./answers.ts";

/** What a client asks for with its first byte, which is not that of HTTP/2's preface. */
export const rawCommands = { picture: 1, sound: 2, listing: 3, ping: 4, speak: 5 } as const;

/** A ping, and its answer: about as many bytes as the message of a gRPC ping has. */
export const rawPingBytes = 32;

/** Small messages that repeat are written together up to this, as the gRPC clients get them. */
const minRoundBytes = 256 * 1024;

/**
 * Serves the bare bytes of the same messages, without any protocol around them: what the socket alone can do. In front of all comes
 * the length of a message, in four bytes.
 */
export function serveRaw(socket: Socket, first: Buffer, answers: Answers): void {
  const rest = first.subarray(1);
  switch (first[0]) {
    case rawCommands.picture:
      repeat(socket, answers.picture);
      break;
    case rawCommands.sound:
      repeat(socket, answers.sound);
      break;
    case rawCommands.listing: {
      const { message } = answers.listing;
      begin(socket, message.byteLength);
      // Each byte asks for one.
      onData(socket, rest, (chunk) => {
        for (let count = 0; count < chunk.byteLength; count++) socket.write(message);
      });
      break;
    }
    case rawCommands.ping:
      begin(socket, rawPingBytes);
      onData(socket, rest, (chunk) => socket.write(chunk));
      break;
    case rawCommands.speak:
      begin(socket, 1);
      takeSound(socket, rest);
      break;
    default:
      socket.destroy();
  }
}

function begin(socket: Socket, messageBytes: number): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(messageBytes);
  socket.write(length);
}

function onData(socket: Socket, first: Buffer, take: (chunk: Buffer) => void): void {
  if (first.byteLength > 0) take(first);
  socket.on("data", take);
}

function repeat(socket: Socket, { message }: Answer): void {
  begin(socket, message.byteLength);
  const copies = Math.max(1, Math.ceil(minRoundBytes / message.byteLength));
  const bytes = Buffer.concat(Array.from({ length: copies }, () => message));
  const next = (error?: Error | null): void => {
    if (!error && !socket.destroyed) socket.write(bytes, next);
  };
  next();
}

/** The client says in four bytes how many follow, and gets one when they are there. Then it may begin again. */
function takeSound(socket: Socket, first: Buffer): void {
  let left: number | undefined;
  onData(socket, first, (chunk) => {
    left ??= chunk.readUInt32BE(0) + 4;
    left -= chunk.byteLength;
    if (left > 0) return;
    left = undefined;
    socket.write(Buffer.of(1));
  });
}
