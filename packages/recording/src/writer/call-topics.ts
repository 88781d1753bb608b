import type { DescMethod } from "@bufbuild/protobuf";
import { CompressedImageSchema } from "@resoio/core/gen/foxglove/compressed_image_pb";
import { CallEventSchema } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { pictureTopic, requestTopic, responseTopic, topics } from "../format/topics.js";
import { type CallFacts, callFactsOf } from "./call-facts.js";
import type { FileChannel } from "./mcap-file.js";
import type { TopicTable } from "./topic-table.js";

/** Where a recording writes what it is told of the calls of one RPC. A topic is made with its first message. */
export class CallTopics {
  readonly facts: CallFacts;
  readonly #table: TopicTable;
  #events: FileChannel | undefined;
  #requests: FileChannel | undefined;
  #responses: FileChannel | undefined;
  #pictures: FileChannel | undefined;

  constructor(facts: CallFacts, table: TopicTable) {
    this.facts = facts;
    this.#table = table;
  }

  get events(): FileChannel | undefined {
    this.#events ??= this.#table.find(topics.calls, CallEventSchema);
    return this.#events;
  }

  get requests(): FileChannel | undefined {
    const { rpc, method } = this.facts;
    this.#requests ??= this.#table.find(requestTopic(rpc), method.input, this.#metadata("request"));
    return this.#requests;
  }

  get responses(): FileChannel | undefined {
    const { rpc, method } = this.facts;
    this.#responses ??= this.#table.find(responseTopic(rpc), method.output, this.#metadata("response"));
    return this.#responses;
  }

  get pictures(): FileChannel | undefined {
    this.#pictures ??= this.#table.find(
      pictureTopic(this.facts.rpc),
      CompressedImageSchema,
      this.#metadata("response"),
    );
    return this.#pictures;
  }

  #metadata(direction: "request" | "response"): Readonly<Record<string, string>> {
    const { rpc, path, kind } = this.facts;
    return { rpc, path, kind, direction };
  }
}

/** The {@link CallTopics} of a recording, by RPC. */
export class CallTopicTable {
  readonly #table: TopicTable;
  readonly #byMethod = new Map<DescMethod, CallTopics>();

  constructor(table: TopicTable) {
    this.#table = table;
  }

  find(method: DescMethod): CallTopics {
    let found = this.#byMethod.get(method);
    if (found === undefined) {
      found = new CallTopics(callFactsOf(method), this.#table);
      this.#byMethod.set(method, found);
    }
    return found;
  }
}
