import { isMessage, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { CursorSetPositionRequestSchema } from "@resoio/core/gen/resonite_io/v1/cursor_pb";
import { DashSetTabRequestSchema } from "@resoio/core/gen/resonite_io/v1/dash_pb";
import { DisplayConfigSchema } from "@resoio/core/gen/resonite_io/v1/display_pb";
import { InventoryThumbnailRequestSchema } from "@resoio/core/gen/resonite_io/v1/inventory_pb";
import { SessionSettingsPatchSchema } from "@resoio/core/gen/resonite_io/v1/session_pb";
import { FetchThumbnailRequestSchema } from "@resoio/core/gen/resonite_io/v1/world_pb";

/**
 * Checks the few arguments that the mod looks at before it asks whether the bridge is there. Everywhere else a missing
 * bridge is reported first. Throws `InvalidArgument`.
 */
export function checkBeforeBridge(request: Message): void {
  if (isMessage(request, FetchThumbnailRequestSchema)) requireText(request.uri, "A thumbnail URI");
  else if (isMessage(request, InventoryThumbnailRequestSchema)) requireText(request.path, "An inventory path");
  else if (isMessage(request, CursorSetPositionRequestSchema)) {
    requireFraction(request.x, "x");
    requireFraction(request.y, "y");
  }
}

/**
 * Checks the few arguments that the mod looks at once it has found the bridge, but before it asks the engine, which may not
 * be ready. Throws `InvalidArgument`.
 */
export function checkBeforeEngine(request: Message): void {
  if (isMessage(request, SessionSettingsPatchSchema)) requireUserCount(request.maxUsers);
  else if (isMessage(request, DashSetTabRequestSchema) && request.refId === "" && request.localeKey === "") {
    throw new ConnectError("A tab is named by its ref_id or locale_key.", Code.InvalidArgument);
  }
}

/** Whether a request succeeds without the engine, ready or not, because it asks for nothing. */
export function asksForNothing(request: Message): boolean {
  return isMessage(request, DisplayConfigSchema) && request.width === 0 && request.height === 0 && request.maxFps === 0;
}

function requireUserCount(maxUsers: number | undefined): void {
  if (maxUsers !== undefined && (maxUsers < 1 || maxUsers > 255)) {
    throw new ConnectError(`max_users must be from 1 to 255, not ${maxUsers}.`, Code.InvalidArgument);
  }
}

function requireText(value: string, name: string): void {
  if (value.trim() === "") throw new ConnectError(`${name} is required.`, Code.InvalidArgument);
}

function requireFraction(value: number, name: string): void {
  if (!(value >= 0 && value <= 1)) {
    throw new ConnectError(`Cursor ${name} must be from 0 to 1, not ${value}.`, Code.InvalidArgument);
  }
}
