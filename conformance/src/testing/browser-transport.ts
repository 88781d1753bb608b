import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ResoniteTransport } from "@resoio/core";
import { WireTransport } from "@resoio/core/internal";
import type { Page } from "playwright-core";
import { BrowserCall } from "./browser-call.ts";
import { fromErrorData } from "./page/error-data.ts";

let lastTransportId = 0;

/**
 * A transport whose calls are made by a real page in Chromium: the test encodes the request, the page decodes it, calls its own
 * WebSocket transport, and hands back what came.
 */
export class BrowserTransport extends WireTransport implements ResoniteTransport {
  readonly #page: Page;
  readonly #transportId: number;

  private constructor(page: Page, transportId: number) {
    super({ createCall: (request, listener) => new BrowserCall(page, transportId, request, listener) });
    this.#page = page;
    this.#transportId = transportId;
  }

  /** Connects the page to the proxy at `url`. A page may have many transports. */
  static async open(page: Page, url: string, token?: string): Promise<BrowserTransport> {
    const transportId = ++lastTransportId;
    const outcome = await page.evaluate(([id, address, given]) => pageCalls.open(id, address, given), [
      transportId,
      url,
      token,
    ] as const);
    if ("error" in outcome) throw fromErrorData(outcome.error);
    return new BrowserTransport(page, transportId);
  }

  async supports({ parent, name }: DescMethod): Promise<boolean> {
    const outcome = await this.#page.evaluate(([id, path]) => pageCalls.supports(id, path), [
      this.#transportId,
      `/${parent.typeName}/${name}`,
    ] as const);
    if ("error" in outcome) throw fromErrorData(outcome.error);
    return outcome.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancelCalls(new ConnectError("the transport was closed", Code.Canceled));
    await this.#page.evaluate((id) => pageCalls.close(id), this.#transportId);
  }
}
