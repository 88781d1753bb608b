import { Code, ConnectError } from "@connectrpc/connect";
import { serveBinaryStream } from "./binary-stream.js";
import { serveBinaryUnary } from "./binary-unary.js";
import { sendError } from "./send-error.js";
import { createUniversalEndpoint, type UniversalEndpoint } from "./universal-endpoint.js";

/**
 * Serves calls over plain HTTP: the Connect protocol, in which binary messages pass as they are, and JSON and gRPC-Web, for which
 * they are translated.
 */
export function createConnectEndpoint(): UniversalEndpoint {
  const universal = createUniversalEndpoint();
  return async (call) => {
    const { request, response, rpc } = call;
    const { methodKind } = rpc.method;
    const contentType = request.headers["content-type"]?.toLowerCase();
    if (request.method !== "POST") {
      response.setHeader("allow", "POST");
      sendError(response, 405, new ConnectError(`${rpc.id} is called with POST`, Code.Unimplemented));
    } else if (contentType === "application/proto" && methodKind === "unary") {
      await serveBinaryUnary(call);
    } else if (contentType === "application/connect+proto" && methodKind === "server_streaming") {
      await serveBinaryStream(call);
    } else {
      await universal(call);
    }
  };
}
