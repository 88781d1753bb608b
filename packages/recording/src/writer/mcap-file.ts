import { McapRecordBuilder, type McapTypes, Opcode } from "@mcap/core";
import { assembleChunk, type ChunkPart, channelsIn, encodeMessageIndexes } from "./chunk.js";
import type { ChunkCompression } from "./chunk-compression.js";
import { inTurn } from "./chunk-turns.js";
import type { Crc32 } from "./crc32.js";
import type { RecordingSink } from "./recording-sink.js";

/** Options of {@link McapFile}. */
export interface McapFileOptions {
  readonly sink: RecordingSink;
  readonly crc32: Crc32;
  readonly compression: ChunkCompression | undefined;
  /** Who writes it, for people. */
  readonly library: string;
}

/** A schema that channels can refer to. */
export interface FileSchema {
  readonly name: string;
  /** A `FileDescriptorSet`. */
  readonly data: Uint8Array;
}

/** What a topic is, in the words of MCAP. */
export interface FileChannel {
  readonly id: number;
  readonly topic: string;
  readonly schema: FileSchema;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The layout of an MCAP file: chunks with their indexes, and the summary at the end. One method at a time. */
export class McapFile {
  readonly #options: McapFileOptions;
  readonly #schemas = new Map<FileSchema, McapTypes.Schema>();
  readonly #channels = new Map<number, McapTypes.Channel>();
  readonly #counts = new Map<number, bigint>();
  /** Encoded at once: some hundred bytes for each chunk are all that a recording keeps of its past. */
  readonly #chunkIndexes = new McapRecordBuilder();
  readonly #metadataIndexes = new McapRecordBuilder();
  #chunkCount = 0;
  #metadataCount = 0;
  #position = 0n;
  #crc = 0;
  #startTime = 0n;
  #endTime = 0n;

  constructor(options: McapFileOptions) {
    this.#options = options;
  }

  /** How many bytes were stored. */
  get byteLength(): number {
    return Number(this.#position);
  }

  /** How many messages are stored, by channel. */
  get counts(): ReadonlyMap<number, bigint> {
    return this.#counts;
  }

  async start(metadata: McapTypes.Metadata): Promise<void> {
    const builder = new McapRecordBuilder();
    builder.writeMagic();
    builder.writeHeader({ profile: "", library: this.#options.library });
    await this.#write(builder.buffer);
    await this.addMetadata(metadata);
  }

  async addMetadata(metadata: McapTypes.Metadata): Promise<void> {
    const offset = this.#position;
    await this.#write(encode((builder) => builder.writeMetadata(metadata)));
    const length = this.#position - offset;
    this.#metadataIndexes.writeMetadataIndex({ offset, length, name: metadata.name });
    this.#metadataCount++;
  }

  /** Stores messages, at least one, whose channels are all in `channels`, as one chunk. */
  async addChunk(parts: readonly ChunkPart[], channels: ReadonlyMap<number, FileChannel>): Promise<void> {
    const { crc32 } = this.#options;
    const { records, index, crc, startTime, endTime, counts } = await inTurn(async (pause) => {
      const chunk = await assembleChunk(this.#introduce(parts, channels), parts, { crc32, pause });
      await pause();
      const counted = [...chunk.offsets].map(([id, { length }]) => [id, BigInt(length)] as const);
      return { ...chunk, index: encodeMessageIndexes(chunk), counts: counted };
    });
    const uncompressedSize = BigInt(records.byteLength);
    const { compression, data } = await this.#compress(records);
    const chunkStartOffset = this.#position;
    // The data is not put into one piece with what stands before it, which would copy it once more.
    const head = chunkHead({ startTime, endTime, uncompressedSize, uncompressedCrc: crc, compression, data });
    await this.#write(head);
    await this.#write(data);
    const chunkLength = this.#position - chunkStartOffset;
    const messageIndexStart = this.#position;
    await this.#write(index.bytes);
    this.#chunkIndexes.writeChunkIndex({
      messageStartTime: startTime,
      messageEndTime: endTime,
      chunkStartOffset,
      chunkLength,
      messageIndexOffsets: new Map(
        [...index.starts].map(([channelId, start]) => [channelId, messageIndexStart + BigInt(start)]),
      ),
      messageIndexLength: BigInt(index.bytes.byteLength),
      compression,
      compressedSize: BigInt(data.byteLength),
      uncompressedSize,
    });
    this.#chunkCount++;
    this.#count(counts, startTime, endTime);
  }

  /** Stores the summary. Nothing can be added any more. */
  async end(): Promise<void> {
    const dataSectionCrc = this.#crc;
    await this.#write(encode((builder) => builder.writeDataEnd({ dataSectionCrc })));
    const summary = encodeSummary({
      start: this.#position,
      schemas: [...this.#schemas.values()],
      channels: [...this.#channels.values()],
      statistics: this.#statistics(),
      chunkIndexes: this.#chunkIndexes.buffer,
      metadataIndexes: this.#metadataIndexes.buffer,
      crc32: this.#options.crc32,
    });
    for (const part of summary) await this.#write(part);
  }

  /** The records of the schemas and channels that come for the first time. */
  #introduce(parts: readonly ChunkPart[], channels: ReadonlyMap<number, FileChannel>): Uint8Array {
    if (this.#channels.size === channels.size) return new Uint8Array(0);
    return encode((builder) => {
      for (const channelId of channelsIn(parts)) {
        const channel = this.#channels.has(channelId) ? undefined : channels.get(channelId);
        if (channel === undefined) continue;
        let schema = this.#schemas.get(channel.schema);
        if (schema === undefined) {
          const { name, data } = channel.schema;
          schema = { id: this.#schemas.size + 1, name, encoding: "protobuf", data };
          this.#schemas.set(channel.schema, schema);
          builder.writeSchema(schema);
        }
        const { id, topic, metadata } = channel;
        const record = {
          id,
          schemaId: schema.id,
          topic,
          messageEncoding: "protobuf",
          metadata: new Map(metadata),
        };
        this.#channels.set(id, record);
        builder.writeChannel(record);
      }
    });
  }

  async #compress(records: Uint8Array): Promise<{ readonly compression: string; readonly data: Uint8Array }> {
    const { compression } = this.#options;
    if (compression !== undefined) {
      const data = await compression.compress(records);
      if (data.byteLength < records.byteLength) return { compression: compression.name, data };
    }
    return { compression: "", data: records };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength === 0) return;
    this.#crc = this.#options.crc32(bytes, this.#crc);
    await this.#options.sink.write(bytes);
    this.#position += BigInt(bytes.byteLength);
  }

  #count(counts: readonly (readonly [number, bigint])[], startTime: bigint, endTime: bigint): void {
    if (this.#counts.size === 0 || startTime < this.#startTime) this.#startTime = startTime;
    if (endTime > this.#endTime) this.#endTime = endTime;
    for (const [channelId, count] of counts) {
      this.#counts.set(channelId, (this.#counts.get(channelId) ?? 0n) + count);
    }
  }

  #statistics(): McapTypes.Statistics {
    return {
      messageCount: [...this.#counts.values()].reduce((sum, count) => sum + count, 0n),
      schemaCount: this.#schemas.size,
      channelCount: this.#channels.size,
      attachmentCount: 0,
      metadataCount: this.#metadataCount,
      chunkCount: this.#chunkCount,
      messageStartTime: this.#startTime,
      messageEndTime: this.#endTime,
      channelMessageCounts: this.#counts,
    };
  }
}

/** What {@link encodeSummary} writes. */
export interface SummaryContent {
  /** Where in the file the summary begins. */
  readonly start: bigint;
  readonly schemas: readonly McapTypes.Schema[];
  readonly channels: readonly McapTypes.Channel[];
  readonly statistics: McapTypes.Statistics;
  /** Encoded records. */
  readonly chunkIndexes: Uint8Array;
  /** Encoded records. */
  readonly metadataIndexes: Uint8Array;
  readonly crc32: Crc32;
}

/** Everything that follows the record `DataEnd`, in pieces. */
export function encodeSummary({ start, crc32, ...content }: SummaryContent): readonly Uint8Array[] {
  const groups = [
    [
      Opcode.SCHEMA,
      encode((builder) => {
        for (const schema of content.schemas) builder.writeSchema(schema);
      }),
    ],
    [
      Opcode.CHANNEL,
      encode((builder) => {
        for (const channel of content.channels) builder.writeChannel(channel);
      }),
    ],
    [Opcode.STATISTICS, encode((builder) => builder.writeStatistics(content.statistics))],
    [Opcode.METADATA_INDEX, content.metadataIndexes],
    [Opcode.CHUNK_INDEX, content.chunkIndexes],
  ] as const;
  const parts: Uint8Array[] = [];
  const offsets: Uint8Array[] = [];
  let position = start;
  for (const [groupOpcode, records] of groups) {
    const groupLength = BigInt(records.byteLength);
    if (groupLength === 0n) continue;
    parts.push(records);
    const group = { groupOpcode, groupStart: position, groupLength };
    offsets.push(encode((builder) => builder.writeSummaryOffset(group)));
    position += groupLength;
  }
  const footer = { summaryStart: start, summaryOffsetStart: position, summaryCrc: 0 };
  parts.push(...offsets);
  // The checksum covers the footer up to the checksum itself.
  const bare = encode((builder) => builder.writeFooter(footer)).subarray(0, -4);
  footer.summaryCrc = [...parts, bare].reduce((crc, part) => crc32(part, crc), 0);
  parts.push(
    encode((builder) => {
      builder.writeFooter(footer);
      builder.writeMagic();
    }),
  );
  return parts;
}

/** What a chunk says before its data. */
export interface ChunkHead {
  readonly startTime: bigint;
  readonly endTime: bigint;
  readonly uncompressedSize: bigint;
  readonly uncompressedCrc: number;
  readonly compression: string;
  readonly data: Uint8Array;
}

/** The record of a chunk up to its data. */
export function chunkHead({ startTime, endTime, data, ...sizes }: ChunkHead): Uint8Array {
  const head = encode((builder) =>
    builder.writeChunk({
      ...sizes,
      messageStartTime: startTime,
      messageEndTime: endTime,
      records: new Uint8Array(0),
    }),
  );
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const dataLength = BigInt(data.byteLength);
  // The length of the record behind the opcode, and that of the data as the last thing before it.
  view.setBigUint64(1, view.getBigUint64(1, true) + dataLength, true);
  view.setBigUint64(head.byteLength - 8, dataLength, true);
  return head;
}

/** The bytes of what `write` writes, which are nobody else's. */
export function encode(write: (builder: McapRecordBuilder) => void): Uint8Array {
  const builder = new McapRecordBuilder();
  write(builder);
  return builder.buffer;
}
