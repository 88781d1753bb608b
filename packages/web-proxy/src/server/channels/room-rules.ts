import { Code, ConnectError } from "@connectrpc/connect";
import type { ResolvedChannelOptions, RoomApplicant } from "./channel-options.js";

/** Throws `PermissionDenied` when there is one of `rooms` that a client may not choose for itself. */
export function checkRoomChoice(
  rooms: readonly string[],
  client: RoomApplicant,
  { mayChooseRoom }: Pick<ResolvedChannelOptions, "mayChooseRoom">,
): void {
  for (const room of rooms) {
    if (mayChooseRoom(room, client)) continue;
    const name = JSON.stringify(room.slice(0, 100));
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
