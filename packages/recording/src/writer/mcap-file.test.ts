import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { McapIndexedReader } from "@mcap/core";
import { loadDecompressHandlers } from "@mcap/support";
import { describe, expect, it } from "vitest";
import { collect } from "../collect.js";
import { zstdCompression } from "../node/zstd.js";
import { bytesSource } from "../reader/recording-source.js";
import { readWithMcap } from "../testing/mcap-own-reader.js";
import { recordSample } from "../testing/record-sample.js";

describe.each([
  { name: "uncompressed", compression: undefined },
  { name: "zstd", compression: zstdCompression() },
])("to the MCAP project's own readers, a recording, $name,", ({ compression }) => {
  it("is a file with no fault, read as a stream", async () => {
    const { bytes, told } = await recordSample({ compression });
    const records = await readWithMcap(bytes);

    expect(records.at(-1)?.type).toBe("Footer");
    const channels = new Map(
      records.filter((record) => record.type === "Channel").map((record) => [record.id, record]),
    );
    const messages = records.filter((record) => record.type === "Message");
    const found = messages
      .map(({ channelId, logTime, data }) => [channels.get(channelId)?.topic, logTime, data] as const)
      .filter(([topic]) => topic?.startsWith("/rpc/"));
    expect(found.map(([topic, , data]) => [topic, data])).toEqual(told.map(([topic, , data]) => [topic, data]));
    // In the order of their times, which MCAP's doctor wants.
    expect(messages.map(({ logTime }) => logTime)).toEqual(messages.map(({ logTime }) => logTime).toSorted(bigints));
    expect(records.filter(({ type }) => type === "Chunk" || type === "Unknown")).toEqual([]);
  });

  it("is a file with an index that finds everything", async () => {
    const { bytes, summary } = await recordSample({ compression });
    const decompressHandlers = await loadDecompressHandlers();
    const reader = await McapIndexedReader.Initialize({ readable: bytesSource(bytes), decompressHandlers });

    expect(reader.header).toMatchObject({ profile: "", library: "@resoio/recording" });
    expect(reader.chunkIndexes.length).toBeGreaterThan(5);
    expect(reader.statistics).toMatchObject({
      messageCount: BigInt(summary.messages),
      chunkCount: reader.chunkIndexes.length,
      schemaCount: reader.schemasById.size,
      channelCount: reader.channelsById.size,
      metadataCount: 2,
    });
    const messages = await collect(reader.readMessages());
    expect(messages).toHaveLength(summary.messages);
    const fifth = messages[Math.floor(messages.length / 2)];
    const later = await collect(reader.readMessages({ startTime: fifth?.logTime ?? 0n }));
    expect(later).toEqual(messages.filter(({ logTime }) => logTime >= (fifth?.logTime ?? 0n)));
    expect([...reader.summaryOffsetsByOpcode.values()]).toHaveLength(5);
    expect(await collect(reader.readMetadata())).toHaveLength(2);
    expect(reader.dataSectionCrc).toBeGreaterThan(0);
  });

  it("describes every one of its messages itself", async () => {
    const { bytes } = await recordSample({ compression });
    const reader = await McapIndexedReader.Initialize({
      readable: bytesSource(bytes),
      decompressHandlers: await loadDecompressHandlers(),
    });

    const types = [...reader.schemasById.values()].map(({ name, encoding, data }) => {
      expect(encoding).toBe("protobuf");
      return createFileRegistry(fromBinary(FileDescriptorSetSchema, data)).getMessage(name);
    });
    expect(types.map((type) => type?.typeName).toSorted()).toEqual([
      "resoio.recording.v1.CallEvent",
      "resonite_io.v1.CameraFrame",
      "resonite_io.v1.CameraStreamRequest",
      "resonite_io.v1.PingRequest",
      "resonite_io.v1.PingResponse",
    ]);
  });
});

function bigints(one: bigint, other: bigint): number {
  return one < other ? -1 : Number(one > other);
}
