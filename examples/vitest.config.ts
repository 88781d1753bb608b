import { defineConfig, mergeConfig } from "vitest/config";
import { sharedConfig } from "../vitest.shared.ts";

// Every test starts a process or two.
export default mergeConfig(sharedConfig, defineConfig({ test: { include: ["*.test.ts"], testTimeout: 60_000 } }));
