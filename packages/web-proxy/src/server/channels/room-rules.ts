import { Code, ConnectError } from "@connectrpc/connect";
import type { ResolvedChannelOptions, RoomApplicant } from "./channel-options.js";

/** How long the name of a room may be. */
export const maxRoomNameLength = 100;

/** Whether a room can have that name. */
export function isRoomName(room: string): boolean {
  return typeof room === "string" && room !== "" && room.length <= maxRoomNameLength;
}

/** Throws `PermissionDenied` for one of `rooms` that a client may not choose for itself, and `InvalidArgument` for one that is none. */
export function checkRoomChoice(
  rooms: readonly string[],
  client: RoomApplicant,
  { mayChooseRoom }: Pick<ResolvedChannelOptions, "mayChooseRoom">,
): void {
  for (const room of rooms) {
    const name = JSON.stringify(room.slice(0, maxRoomNameLength));
    if (!isRoomName(room)) throw new ConnectError(`there can be no room ${name}`, Code.InvalidArgument);
    if (mayChooseRoom(room, client)) continue;
    const problem = `the client may not choose the room ${name}: the server puts clients there, or allows it with clientRooms`;
    throw new ConnectError(problem, Code.PermissionDenied);
  }
}

/** Throws `ResourceExhausted` for a client that would be in `count` rooms, when these are too many. */
export function checkRoomCount(
  count: number,
  { limits: { maxRooms } }: { readonly limits: Pick<ResolvedChannelOptions["limits"], "maxRooms"> },
): void {
  if (count <= maxRooms) return;
  throw new ConnectError(`a client may be in ${maxRooms} rooms, and no more`, Code.ResourceExhausted);
}
