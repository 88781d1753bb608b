import { errorCodes } from "../http2-codes.js";
import { Http2Error } from "../http2-error.js";

/** A header block that cannot be decoded. The tables of both ends have parted with it, so the connection cannot go on. */
export class HpackError extends Http2Error {
  constructor(message: string) {
    super(errorCodes.compressionError, message);
  }
}
