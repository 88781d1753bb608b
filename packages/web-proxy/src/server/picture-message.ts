import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type PictureFrame, PictureFrameSchema } from "@resoio/core/gen/resoio/web/v1/picture_pb";

/** What all watchers of a setting are told of one picture. */
export type PictureFields = Pick<
  PictureFrame,
  | "format"
  | "width"
  | "height"
  | "data"
  | "unixNanos"
  | "frameId"
  | "sourceWidth"
  | "sourceHeight"
  | "encodeMs"
  | "sentUnixNanos"
>;

/**
 * One picture on its way to those who watch. They share its bytes as long as they have missed nothing; only the count of what a
 * watcher missed is its own.
 */
export class PictureMessage {
  readonly #bytes: Uint8Array;

  constructor(fields: PictureFields) {
    this.#bytes = toBinary(PictureFrameSchema, create(PictureFrameSchema, fields));
  }

  /** The message for a watcher that has missed `droppedCount` pictures. */
  bytesFor(droppedCount: number): Uint8Array {
    if (droppedCount === 0) return this.#bytes;
    // The fields of a message may come in any order, so this one can be put behind the others.
    const { number } = PictureFrameSchema.field.droppedCount;
    return new BinaryWriter().raw(this.#bytes).tag(number, WireType.Varint).uint64(droppedCount).finish();
  }
}
