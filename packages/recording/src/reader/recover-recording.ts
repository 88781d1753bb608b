import { MCAP_MAGIC, type McapTypes, Opcode } from "@mcap/core";
import { concatenate } from "../concatenate.js";
import { MalformedRecordingError } from "../errors/malformed-recording-error.js";
import type { Crc32 } from "../writer/crc32.js";
import { chunkHead, encode, encodeSummary } from "../writer/mcap-file.js";
import { type ChunkFields, readChunkFields } from "./chunk-fields.js";
import { type Decompressors, decompressPart } from "./decompression.js";
import { type ChunkContent, readChunkContent, readRecord, recordHeadBytes } from "./record-scanner.js";
import { type RecordingSource, splicedSource } from "./recording-source.js";

/** What {@link recoverRecording} needs. */
export interface RecoveryOptions {
  readonly decompressors: Decompressors;
  readonly crc32: Crc32;
}

/** What was made of a damaged recording. */
export interface Recovery {
  /** A recording without damage: what could be read of the damaged one. */
  readonly source: RecordingSource;
  /** How much of the damaged one it begins with. */
  readonly keptBytes: bigint;
  /** What it has behind that. */
  readonly tail: Uint8Array;
  /** Bytes at the end that could not be read. */
  readonly lostBytes: number;
  /** Chunks in the middle that could not be read. */
  readonly lostChunks: number;
}

/**
 * Reads a recording that has no end, or a damaged one, from its start: every chunk that is whole, and of the last one what is there.
 *
 * Throws {@link MalformedRecordingError} for what does not begin like a recording.
 */
export async function recoverRecording(source: RecordingSource, options: RecoveryOptions): Promise<Recovery> {
  const size = await source.size();
  const start = await source.read(0n, size < 8n ? size : 8n);
  if (MCAP_MAGIC.some((byte, index) => start[index] !== byte)) {
    throw new MalformedRecordingError("this is no recording: it does not begin as an MCAP file does");
  }
  return await new Salvage(source, size, options).run();
}

/** What is larger was never one chunk: the length is damaged. */
const maxCutChunkBytes = 1n << 30n;

/** A chunk whose index is missing in the file. */
interface UnindexedChunk {
  readonly index: McapTypes.ChunkIndex;
  readonly indexes: readonly McapTypes.MessageIndex[];
}

class Salvage {
  readonly #source: RecordingSource;
  readonly #size: bigint;
  readonly #options: RecoveryOptions;
  readonly #schemas = new Map<number, McapTypes.Schema>();
  readonly #channels = new Map<number, McapTypes.Channel>();
  readonly #counts = new Map<number, bigint>();
  readonly #chunks: McapTypes.ChunkIndex[] = [];
  readonly #unindexed: UnindexedChunk[] = [];
  readonly #metadata: McapTypes.MetadataIndex[] = [];
  #lostChunks = 0;

  constructor(source: RecordingSource, size: bigint, options: RecoveryOptions) {
    this.#source = source;
    this.#size = size;
    this.#options = options;
  }

  async run(): Promise<Recovery> {
    let offset = BigInt(MCAP_MAGIC.length);
    for (;;) {
      const head = await this.#readHead(offset);
      if (head === undefined || head.opcode === Opcode.DATA_END) break;
      if (offset + head.byteLength > this.#size) break;
      offset = await this.#readRecord(offset, head);
    }
    const tail = await this.#makeTail(offset);
    return {
      source: splicedSource(this.#source, offset, tail.bytes),
      keptBytes: offset,
      tail: tail.bytes,
      lostBytes: Number(tail.lostBytes),
      lostChunks: this.#lostChunks,
    };
  }

  /** Opcode and length of the record at `offset`, of which the end may be missing. */
  async #readHead(offset: bigint): Promise<{ readonly opcode: number; readonly byteLength: bigint } | undefined> {
    if (this.#size - offset < BigInt(recordHeadBytes)) return undefined;
    const view = viewOf(await this.#source.read(offset, BigInt(recordHeadBytes)));
    const opcode = view.getUint8(0);
    return opcode === 0 ? undefined : { opcode, byteLength: BigInt(recordHeadBytes) + view.getBigUint64(1, true) };
  }

  /** Returns where the next record is. */
  async #readRecord(offset: bigint, head: { readonly opcode: number; readonly byteLength: bigint }): Promise<bigint> {
    const end = offset + head.byteLength;
    switch (head.opcode) {
      case Opcode.CHUNK:
        return await this.#readChunk(offset, end);
      case Opcode.SCHEMA:
      case Opcode.CHANNEL:
      case Opcode.METADATA: {
        const record = tryRead(await this.#source.read(offset, head.byteLength));
        if (record?.type === "Schema") this.#schemas.set(record.id, record);
        if (record?.type === "Channel") this.#channels.set(record.id, record);
        if (record?.type === "Metadata") {
          this.#metadata.push({ offset, length: head.byteLength, name: record.name });
        }
        return end;
      }
      default:
        return end;
    }
  }

  async #readChunk(offset: bigint, end: bigint): Promise<bigint> {
    const fields = readChunkFields(await this.#source.read(offset, end - offset));
    const records = fields && this.#decompress(fields);
    const content = records && readChunkContent(records);
    if (fields === undefined || content === undefined || content.byteLength !== records?.byteLength) {
      this.#lostChunks++;
      return end;
    }
    this.#learn(content);
    const found = await this.#findIndexes(end, content.indexes.length);
    const index = {
      messageStartTime: content.startTime,
      messageEndTime: content.endTime,
      chunkStartOffset: offset,
      chunkLength: end - offset,
      messageIndexOffsets: found?.offsets ?? new Map(),
      messageIndexLength: found === undefined ? 0n : found.end - end,
      compression: fields.compression,
      compressedSize: BigInt(fields.data.byteLength),
      uncompressedSize: fields.uncompressedSize,
    };
    if (found === undefined) this.#unindexed.push({ index, indexes: content.indexes });
    else this.#chunks.push(index);
    return found?.end ?? end;
  }

  #decompress({ compression, data, uncompressedSize, uncompressedCrc }: ChunkFields): Uint8Array | undefined {
    const { decompressors, crc32 } = this.#options;
    const decompress = decompressors[compression];
    if (compression !== "" && decompress === undefined) {
      throw new MalformedRecordingError(`the recording is compressed with ${compression}: give a decompressor for it`);
    }
    try {
      const records = decompress === undefined ? data : decompress(data, Number(uncompressedSize));
      return uncompressedCrc === 0 || crc32(records) === uncompressedCrc ? records : undefined;
    } catch {
      return undefined;
    }
  }

  /** The indexes right behind a chunk. `undefined` when they are not all there. */
  async #findIndexes(
    start: bigint,
    count: number,
  ): Promise<{ readonly offsets: Map<number, bigint>; readonly end: bigint } | undefined> {
    const offsets = new Map<number, bigint>();
    let end = start;
    while (offsets.size < count) {
      const head = await this.#readHead(end);
      if (head?.opcode !== Opcode.MESSAGE_INDEX || end + head.byteLength > this.#size) return undefined;
      const record = tryRead(await this.#source.read(end, head.byteLength));
      if (record?.type !== "MessageIndex" || offsets.has(record.channelId)) return undefined;
      offsets.set(record.channelId, end);
      end += head.byteLength;
    }
    return { offsets, end };
  }

  #learn({ schemas, channels, indexes }: ChunkContent): void {
    for (const schema of schemas) this.#schemas.set(schema.id, schema);
    for (const channel of channels) this.#channels.set(channel.id, channel);
    for (const { channelId, records } of indexes) {
      this.#counts.set(channelId, (this.#counts.get(channelId) ?? 0n) + BigInt(records.length));
    }
  }

  /** What stands behind the whole records: what is left of a chunk that was cut off, missing indexes, and the summary. */
  async #makeTail(start: bigint): Promise<{ readonly bytes: Uint8Array; readonly lostBytes: bigint }> {
    const parts: Uint8Array[] = [];
    let position = start;
    const add = (part: Uint8Array): void => {
      parts.push(part);
      position += BigInt(part.byteLength);
    };
    // Cut off in its header. What holds nothing is a recording, too.
    if (start === BigInt(MCAP_MAGIC.length))
      add(encode((builder) => builder.writeHeader({ profile: "", library: "" })));
    const rest = await this.#readCutChunk(start);
    if (rest !== undefined) {
      for (const part of [rest.head, rest.records]) add(part);
      const { startTime: messageStartTime, endTime: messageEndTime, indexes } = rest.content;
      const size = BigInt(rest.records.byteLength);
      const index = {
        messageStartTime,
        messageEndTime,
        chunkStartOffset: start,
        chunkLength: position - start,
        messageIndexOffsets: new Map(),
        messageIndexLength: 0n,
        compression: "",
        compressedSize: size,
        uncompressedSize: size,
      };
      this.#unindexed.push({ index, indexes });
    }
    for (const { index, indexes } of this.#unindexed) {
      const messageIndexOffsets = new Map<number, bigint>();
      const indexStart = position;
      for (const messageIndex of indexes) {
        messageIndexOffsets.set(messageIndex.channelId, position);
        add(encode((builder) => builder.writeMessageIndex(messageIndex)));
      }
      this.#chunks.push({ ...index, messageIndexOffsets, messageIndexLength: position - indexStart });
    }
    // Zero says that there is no checksum.
    add(encode((builder) => builder.writeDataEnd({ dataSectionCrc: 0 })));
    for (const part of this.#encodeSummary(position)) add(part);
    const isWhole = (await this.#readHead(start))?.opcode === Opcode.DATA_END;
    const readBytes = start + BigInt(rest?.readBytes ?? 0);
    return { bytes: concatenate(parts), lostBytes: isWhole ? 0n : this.#size - readBytes };
  }

  /** What is left of a chunk whose end is missing. */
  async #readCutChunk(offset: bigint) {
    const head = await this.#readHead(offset);
    if (head?.opcode !== Opcode.CHUNK || this.#size - offset > maxCutChunkBytes) return undefined;
    const bytes = await this.#source.read(offset, this.#size - offset);
    const fields = readChunkFields(bytes);
    if (fields === undefined) return undefined;
    const part = decompressPart(fields.compression, fields.data);
    const content = readChunkContent(part);
    if (content === undefined) return undefined;
    const records = part.subarray(0, content.byteLength);
    this.#learn(content);
    return {
      content,
      records,
      head: chunkHead({
        startTime: content.startTime,
        endTime: content.endTime,
        uncompressedSize: BigInt(records.byteLength),
        uncompressedCrc: this.#options.crc32(records),
        compression: "",
        data: records,
      }),
      // Of what is compressed nobody can say how much was of use.
      readBytes: fields.compression === "" ? fields.headBytes + records.byteLength : bytes.byteLength,
    };
  }

  #encodeSummary(start: bigint): readonly Uint8Array[] {
    const times = this.#chunks.map(
      ({ messageStartTime, messageEndTime }) => [messageStartTime, messageEndTime] as const,
    );
    return encodeSummary({
      start,
      schemas: [...this.#schemas.values()],
      channels: [...this.#channels.values()],
      statistics: {
        messageCount: [...this.#counts.values()].reduce((sum, count) => sum + count, 0n),
        schemaCount: this.#schemas.size,
        channelCount: this.#channels.size,
        attachmentCount: 0,
        metadataCount: this.#metadata.length,
        chunkCount: this.#chunks.length,
        messageStartTime: times.reduce((least, [time]) => (time < least ? time : least), times[0]?.[0] ?? 0n),
        messageEndTime: times.reduce((most, [, time]) => (time > most ? time : most), 0n),
        channelMessageCounts: this.#counts,
      },
      chunkIndexes: encode((builder) => {
        for (const index of this.#chunks) builder.writeChunkIndex(index);
      }),
      metadataIndexes: encode((builder) => {
        for (const index of this.#metadata) builder.writeMetadataIndex(index);
      }),
      crc32: this.#options.crc32,
    });
  }
}

function tryRead(bytes: Uint8Array): McapTypes.TypedMcapRecord | undefined {
  try {
    return readRecord(bytes);
  } catch {
    return undefined;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
