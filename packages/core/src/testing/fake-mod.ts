import type { DescService, Message } from "@bufbuild/protobuf";
import { createRouterTransport, type Interceptor, type ServiceImpl, type Transport } from "@connectrpc/connect";

/** A mod that has one service, with the handlers that a test gives it. RPCs without a handler are unimplemented. */
export interface FakeMod {
  readonly transport: Transport;
  /** What the unary RPCs were asked, as it arrived: decoded from the wire. */
  readonly requests: readonly FakeRequest[];
}

/** One unary request. */
export interface FakeRequest {
  readonly rpc: string;
  readonly message: Message;
}

/** Makes a {@link FakeMod}. */
export function fakeMod<Service extends DescService>(
  service: Service,
  handlers: Partial<ServiceImpl<Service>>,
): FakeMod {
  const requests: FakeRequest[] = [];
  const record: Interceptor = (next) => (request) => {
    if (!request.stream) requests.push({ rpc: request.method.name, message: request.message });
    return next(request);
  };
  const transport = createRouterTransport((router) => router.service(service, handlers), {
    router: { interceptors: [record] },
  });
  return { transport, requests };
}
