import type { ServerResponse } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import { contentTypeUnaryJson, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";

/** Answers with an error as the Connect protocol writes it, which people and programs can read. */
export function sendError(response: ServerResponse, status: number, error: ConnectError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = errorToJsonBytes(error, undefined);
  response.writeHead(status, { "content-type": contentTypeUnaryJson, "content-length": body.byteLength });
  response.end(body);
}
