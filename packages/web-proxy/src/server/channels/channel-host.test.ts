import { Code, ConnectError } from "@connectrpc/connect";
import { Channels } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { describe, expect, it } from "vitest";
import { noteChannel } from "../../testing/note-channel.js";
import { settle } from "../../testing/open-channel.js";
import { RecordedCall } from "../../testing/recorded-call.js";
import { TestClock } from "../../testing/test-clock.js";
import { ChannelHost } from "./channel-host.js";
import { createChannel } from "./create-channel.js";

describe("a call that joins a channel", () => {
  it("ends when it does not say within ten seconds which channel it is about", () => {
    const { clock, join } = host();
    const call = join();
    clock.advance(9_999);
    expect(call.end).toBeUndefined();
    clock.advance(1);
    expect(call.end?.error).toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: "the client did not say which channel it wants",
    });
  });

  it("leaves nothing that waits when it is cancelled, or says nothing", async () => {
    const { clock, join } = host();
    const [cancelled, silent] = [join(), join()];
    cancelled.call.cancel(new ConnectError("enough", Code.Canceled));
    silent.call.halfClose();
    await settle();

    expect([cancelled.end?.code, silent.end?.code]).toEqual([Code.Canceled, Code.InvalidArgument]);
    expect(clock.taskCount).toBe(0);
  });

  it("is refused once the proxy stops", async () => {
    const { host: stopping, join } = host();
    await stopping.drain("the proxy is stopping");

    expect(join().end?.error).toMatchObject({ code: Code.Unavailable, rawMessage: "the proxy is stopping" });
  });
});

function host() {
  const clock = new TestClock();
  const channels = [createChannel(noteChannel, { clock })];
  const made = new ChannelHost({ channels, maxMessageBytes: 1_000, maxChannels: 1, clock });
  return { host: made, clock, join: () => new RecordedCall(made, { method: Channels.method.join }) };
}
