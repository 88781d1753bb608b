import { PageCalls } from "./page-calls.ts";

declare global {
  /** The one object that a test talks to. */
  var pageCalls: PageCalls;
}

globalThis.pageCalls = new PageCalls();
