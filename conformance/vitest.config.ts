import { defineConfig, mergeConfig } from "vitest/config";
import { sharedConfig } from "../vitest.shared.ts";

// The files share no state, so nothing is gained by loading everything anew for each of them.
// Which test is the first to need Chromium, and has to wait until that is there, is left to chance.
export default mergeConfig(
  sharedConfig,
  defineConfig({ test: { isolate: false, testTimeout: 60_000, hookTimeout: 60_000 } }),
);
