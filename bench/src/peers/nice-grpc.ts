import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { services } from "@resoio/core";
import { pathOf } from "@resoio/core/internal";
import { createChannel, createClient } from "nice-grpc";
import { spokenFrame } from "../content.ts";
import type { Peer } from "./peer.ts";

const { camera, speaker, microphone, connection, inventory } = services;

const definition = {
  streamFrames: { ...niceMethod(camera.method.streamFrames), requestStream: false, responseStream: true },
  playAudio: { ...niceMethod(speaker.method.streamAudio), requestStream: false, responseStream: true },
  speak: { ...niceMethod(microphone.method.streamAudio), requestStream: true, responseStream: false },
  ping: { ...niceMethod(connection.method.ping), requestStream: false, responseStream: false },
  list: { ...niceMethod(inventory.method.list), requestStream: false, responseStream: false },
} as const;

/** `nice-grpc`, which is built on `@grpc/grpc-js`, as its users have it; the limit of a message is raised, as it has to be. */
export async function openNiceGrpc(socketPath: string): Promise<Peer> {
  const channel = createChannel(`unix://${socketPath}`, undefined, { "grpc.max_receive_message_length": -1 });
  const client = createClient(definition, channel);
  return {
    async readPictures(onPicture) {
      for await (const { pixels } of client.streamFrames({})) if (!onPicture(pixels.length)) break;
    },
    async readSound(onSound) {
      for await (const { samples } of client.playAudio({})) if (!onSound(samples.length)) break;
    },
    async speak(count) {
      return Number((await client.speak(spoken(count))).receivedFrames);
    },
    async ping() {
      await client.ping({ message: "ping" });
    },
    async list() {
      return (await client.list({ path: "/Inventory" })).entries.length;
    },
    async close() {
      channel.close();
    },
  };
}

async function* spoken(count: number) {
  for (let sent = 0; sent < count; sent++) yield spokenFrame(sent);
}

function niceMethod<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
) {
  return {
    path: pathOf(method),
    requestSerialize: (value: MessageInitShape<I>): Uint8Array => toBinary(method.input, create(method.input, value)),
    requestDeserialize: (bytes: Uint8Array): MessageShape<I> => fromBinary(method.input, bytes),
    responseSerialize: (value: MessageInitShape<O>): Uint8Array =>
      toBinary(method.output, create(method.output, value)),
    responseDeserialize: (bytes: Uint8Array): MessageShape<O> => fromBinary(method.output, bytes),
    options: {},
  };
}
