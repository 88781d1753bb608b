/** The module that generated code is built on. */
export const runtimeModule = "@resoio/web-proxy/channels";
