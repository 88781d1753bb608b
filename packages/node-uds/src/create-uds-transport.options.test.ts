import { InvalidOptionsError, Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { frameTypes, settingIds } from "./fast-http2/http2-codes.js";
import { createUdsTransport } from "./index.js";
import { setVariable } from "./testing/environment-variable.js";
import { FramePeer } from "./testing/frame-peer.js";
import { settingsFrame } from "./testing/http2-frames.js";
import { answerPing, startHttp2Server } from "./testing/http2-server.js";
import { startNetServer } from "./testing/net-server.js";

describe("createUdsTransport, options", () => {
  describe.each(["streamWindowBytes", "connectionWindowBytes"])("%s", (name) => {
    it.each([0, -1, 1.5, Number.NaN, 2 ** 31])("cannot be %d", (value) => {
      const options = { socketPath: "/nowhere", [name]: value };
      expect(() => createUdsTransport(options)).toThrow(InvalidOptionsError);
      expect(() => createUdsTransport(options)).toThrow(
        `${name} must be a whole number from 1 to 2147483647, not ${value}`,
      );
    });

    it.each([1, 65_536, 2 ** 31 - 1])("can be %d", async (value) => {
      await using server = await startHttp2Server(answerPing);
      await using resonite = new Resonite(createUdsTransport({ socketPath: server.socketPath, [name]: value }));
      expect((await resonite.connection.ping()).message).toBe("pong");
    });
  });

  it.each<[string, "fast" | "node" | undefined, string, boolean]>([
    ["is our own by default", undefined, "", true],
    ["is Node's when the variable says so", undefined, "node", false],
    ["is our own when the option says so", "fast", "node", true],
    ["is Node's when the option says so", "node", "fast", false],
  ])("http2 %s", async (_, http2, variable, isOurs) => {
    using _variable = setVariable("RESOIO_HTTP2", variable);
    const seen = Promise.withResolvers<number | undefined>();
    await using server = await startNetServer(async (socket) => {
      const peer = new FramePeer(socket);
      peer.send(settingsFrame());
      const { payload } = await peer.next(frameTypes.settings);
      // The settings are six bytes each. Only ours limit the list of headers.
      const ids = Array.from({ length: payload.byteLength / 6 }, (_, position) => payload.readUInt16BE(position * 6));
      seen.resolve(ids.find((id) => id === settingIds.maxHeaderListSize));
    });
    const options = { socketPath: server.socketPath, ...(http2 === undefined ? {} : { http2 }) };
    await using transport = createUdsTransport(options);
    await transport.open();
    expect((await seen.promise) !== undefined).toBe(isOurs);
  });
});
