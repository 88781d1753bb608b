import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { build } from "esbuild";
import { Rounds } from "../report/result.ts";
import { statOf } from "../report/stat.ts";
import type { Work } from "./work.ts";

/** What a program needs to read the camera, as little as each library allows. */
const programs = [
  {
    label: "@resoio/node-uds, connect()",
    platform: "node",
    source: `export { connect } from "@resoio/node-uds";`,
  },
  {
    label: "@resoio/node-uds, camera only",
    platform: "node",
    source: `export { CameraClient } from "@resoio/core"; export { createUdsTransport } from "@resoio/node-uds";`,
  },
  {
    label: "@connectrpc/connect-node, camera only",
    platform: "node",
    source: `export { createClient } from "@connectrpc/connect"; export { createGrpcTransport } from "@connectrpc/connect-node";
      export { Camera } from "@resoio/core/gen/resonite_io/v1/camera_pb";`,
  },
  {
    label: "@grpc/grpc-js, camera only",
    platform: "node",
    source: `export { Client, credentials } from "@grpc/grpc-js"; export { fromBinary, toBinary } from "@bufbuild/protobuf";
      export { Camera } from "@resoio/core/gen/resonite_io/v1/camera_pb";`,
  },
  {
    label: "nice-grpc, camera only",
    platform: "node",
    source: `export { createChannel, createClient } from "nice-grpc"; export { fromBinary, toBinary } from "@bufbuild/protobuf";
      export { Camera } from "@resoio/core/gen/resonite_io/v1/camera_pb";`,
  },
  {
    label: "@resoio/web-proxy/client, connectProxy(), in a page",
    platform: "browser",
    source: `export { connectProxy } from "@resoio/web-proxy/client";`,
  },
  {
    label: "@resoio/web-proxy/client, camera only, in a page",
    platform: "browser",
    source: `export { CameraClient } from "@resoio/core"; export { createWebSocketTransport } from "@resoio/web-proxy/client";`,
  },
] as const;

/** How large the smallest useful program is, all it imports included. */
export const bundleSize: Work = {
  name: "bundle-size",
  async run() {
    const measured = new Rounds();
    for (const { label, platform, source } of programs) {
      const { outputFiles } = await build({
        stdin: { contents: source, resolveDir: import.meta.dirname },
        bundle: true,
        minify: true,
        format: "esm",
        platform,
        target: "es2022",
        write: false,
      });
      const bytes = outputFiles[0]?.contents ?? new Uint8Array();
      const zipped = await promisify(gzip)(bytes);
      measured.add(label, { "minified, KiB": bytes.byteLength / 1024, "and zipped, KiB": zipped.byteLength / 1024 });
    }
    return { work: "bundle-size", title: "Size of a program that reads the camera", rows: measured.rows(statOf) };
  },
};
