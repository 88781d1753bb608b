import { statusPrefix } from "../../world/names.js";

/** The statuses that our server refuses with, and the HTTP statuses that go with them. */
const httpStatuses = {
  "world.not_found": 404,
  "world.delegation_expired": 422,
  "worldInstance.not_found": 404,
  "worldInstance.create_not_allowed": 403,
  "worldInstance.create_failed": 503,
  "worldInstance.timestamp_out_of_range": 400,
  "worldInstance.timestamp_in_future": 400,
  "worldInstance.nonce_conflict": 409,
  "action.not_supported": 501,
  "action.not_found": 404,
  "http.host_not_allowed": 421,
  "http.method_not_allowed": 405,
  "http.origin_not_allowed": 403,
  "http.payload_too_large": 413,
  "http.upgrade_required": 426,
  "json.invalid_json": 400,
  "json.invalid_payload": 400,
  "json.unexpected_fields": 400,
  "key.invalid_key": 400,
  "key.unsupported_keytype": 400,
  "key.invalid_signature": 401,
  "server.internal_error": 500,
} as const;

/** The name of a status that says no, without what all of them begin with. */
export type RefusalStatus = keyof typeof httpStatuses;

/** What a WorldServer answers. */
export interface WorldAnswer {
  readonly status: number;
  readonly body: { readonly status: string; readonly payload?: object };
}

/** Why a request is refused. The message may be shown to whoever asked. */
export class WorldRefusal extends Error {
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "WorldRefusal";
    this.status = status;
  }

  toAnswer(): WorldAnswer {
    const { status, message } = this;
    return { status: httpStatuses[status], body: { status: `${statusPrefix}${status}`, payload: { message } } };
  }
}
