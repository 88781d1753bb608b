import * as client from "@resoio/web-proxy/client";
import * as instances from "@resoio/web-proxy/instances";
import { PageCalls } from "./page-calls.ts";
import { PageChannels } from "./page-channels.ts";
import { PageRecordings } from "./page-recordings.ts";

declare global {
  /** What a test talks to for calls. */
  var pageCalls: PageCalls;
  /** What a test talks to for channels. */
  var pageChannels: PageChannels;
  /** What a test talks to for recordings. */
  var pageRecordings: PageRecordings;
  /** What a page may import, for tests that run in it as a whole. */
  var proxyClient: typeof client;
  var proxyInstances: typeof instances;
}

globalThis.pageCalls = new PageCalls();
globalThis.pageChannels = new PageChannels();
globalThis.pageRecordings = new PageRecordings();
globalThis.proxyClient = client;
globalThis.proxyInstances = instances;
