import type { DescMessage } from "@bufbuild/protobuf";
import { InvalidOptionsError } from "@resoio/core";
import { encodeDescriptorSet } from "../format/descriptor-set.js";
import type { FileChannel, FileSchema } from "./mcap-file.js";

/** How many topics a recording can have. A program that makes topics without end must not use up all memory. */
export const maxTopics = 4_096;

/** Shared by all recordings: descriptors never change. */
const schemas = new WeakMap<DescMessage, FileSchema>();

/** The topics of a recording. */
export class TopicTable {
  readonly #byTopic = new Map<string, FileChannel>();
  readonly #byId = new Map<number, FileChannel>();

  /** All of them, by id. */
  get channels(): ReadonlyMap<number, FileChannel> {
    return this.#byId;
  }

  /**
   * The topic with this name, made if there is none. `undefined` when there are too many.
   *
   * Throws {@link InvalidOptionsError} when it has another schema.
   */
  find(topic: string, schema: DescMessage, metadata: Readonly<Record<string, string>> = {}): FileChannel | undefined {
    const known = this.#byTopic.get(topic);
    if (known !== undefined) {
      if (known.schema.name === schema.typeName) return known;
      throw new InvalidOptionsError(
        `the topic ${topic} has ${known.schema.name}, so there can be no ${schema.typeName}`,
      );
    }
    if (this.#byId.size >= maxTopics) return undefined;
    const made = {
      id: this.#byId.size + 1,
      topic,
      schema: schemaOf(schema),
      metadata: new Map(Object.entries(metadata)),
    };
    this.#byTopic.set(topic, made);
    this.#byId.set(made.id, made);
    return made;
  }
}

function schemaOf(schema: DescMessage): FileSchema {
  let made = schemas.get(schema);
  if (made === undefined) {
    made = { name: schema.typeName, data: encodeDescriptorSet(schema) };
    schemas.set(schema, made);
  }
  return made;
}
