import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { services } from "@resoio/core";
import { pathOf } from "@resoio/core/internal";
import { listing, picture, pong, sound, summary } from "../content.ts";

/** What a call is answered with. */
export interface Answer {
  /** The message with its gRPC prefix. */
  readonly message: Buffer;
  /** Sent once, or again and again until the client leaves. */
  readonly repeats: boolean;
}

/** Everything that the neutral server answers. */
export interface Answers {
  readonly picture: Answer;
  readonly sound: Answer;
  readonly pong: Answer;
  readonly listing: Answer;
  /** The answer to so many messages from the client. */
  readonly summary: (receivedFrames: number) => Answer;
  /** The answer that a path asks for; `undefined` for one that counts the messages of its request first. */
  readonly byPath: ReadonlyMap<string, Answer>;
}

/** Makes all answers beforehand, with pictures of a size. */
export function createAnswers(size: { readonly width: number; readonly height: number }): Answers {
  const { camera, speaker, connection, inventory, microphone } = services;
  const made = {
    picture: answer(camera.method.streamFrames.output, picture(size), true),
    sound: answer(speaker.method.streamAudio.output, sound, true),
    pong: answer(connection.method.ping.output, pong, false),
    listing: answer(inventory.method.list.output, listing, false),
  };
  return {
    ...made,
    summary: (receivedFrames) => answer(microphone.method.streamAudio.output, summary(receivedFrames), false),
    byPath: new Map([
      [pathOf(camera.method.streamFrames), made.picture],
      [pathOf(speaker.method.streamAudio), made.sound],
      [pathOf(connection.method.ping), made.pong],
      [pathOf(inventory.method.list), made.listing],
    ]),
  };
}

function answer<T extends DescMessage>(schema: T, content: MessageInitShape<T>, repeats: boolean): Answer {
  const body = toBinary(schema, create(schema, content));
  const message = Buffer.allocUnsafe(5 + body.byteLength);
  message[0] = 0;
  message.writeUInt32BE(body.byteLength, 1);
  message.set(body, 5);
  return { message, repeats };
}
