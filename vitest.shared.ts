import type { ViteUserConfig } from "vitest/config";

/**
 * What every package's tests have in common: the reports that `npm test` adds up, and a limit that turns a hang into a
 * failure.
 */
export const sharedConfig: ViteUserConfig = {
  test: {
    include: ["src/**/*.test.ts"],
    reporters: ["default", "json"],
    outputFile: { json: ".test-report.json" },
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
};
