/**
 * What a block of Markdown may take for granted, by the name of the variable. A block asks for it behind its fence, where
 * it is not shown when the page is rendered: "ts given resonite". All of it is put in front of the block, in one line. It
 * imports inside of expressions, so that the block may import the same names.
 */
export const preludes: ReadonlyMap<string, string> = new Map([
  ["resonite", `await using resonite = await (await import("@resoio/node-uds")).connect();`],
  [
    "transport",
    `await using transport = await import("@resoio/node-uds").then(({ createUdsTransport, findSocket }) =>
       createUdsTransport({ socketPath: findSocket }));`,
  ],
  [
    "url",
    `await using proxy = await (await import("@resoio/web-proxy")).createProxy({
       upstream: (await import("@resoio/node-uds")).createUdsTransport({
         socketPath: () => process.env["RESONITE_IO_SOCKET"] ?? "" }), ownsUpstreams: true, port: 0 });
     const { url } = proxy;`,
  ],
]);
