import { configDefaults, defineConfig } from "vitest/config";
import { sharedConfig } from "../../vitest.shared.ts";

/** Tests that no choice of HTTP/2 makes a difference to. They run once, with those of our own. */
const independent = ["src/fast-http2/**", "src/discovery/**", "src/grpc/error-from-*"];

/** What is said of the transport must hold on either HTTP/2. */
export default defineConfig({
  test: {
    ...sharedConfig.test,
    projects: [
      { extends: true, test: { name: "fast", env: { RESOIO_HTTP2: "fast" } } },
      {
        extends: true,
        test: { name: "node", env: { RESOIO_HTTP2: "node" }, exclude: [...configDefaults.exclude, ...independent] },
      },
    ],
  },
});
