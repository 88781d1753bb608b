import { defineConfig, mergeConfig } from "vitest/config";
import { sharedConfig } from "../vitest.shared.ts";

// The files share no state, so nothing is gained by loading everything anew for each of them.
export default mergeConfig(sharedConfig, defineConfig({ test: { isolate: false } }));
