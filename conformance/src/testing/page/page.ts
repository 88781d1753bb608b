import { PageCalls } from "./page-calls.ts";
import { PageChannels } from "./page-channels.ts";

declare global {
  /** What a test talks to for calls. */
  var pageCalls: PageCalls;
  /** What a test talks to for channels. */
  var pageChannels: PageChannels;
}

globalThis.pageCalls = new PageCalls();
globalThis.pageChannels = new PageChannels();
