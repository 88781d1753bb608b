import { McapStreamReader, type McapTypes } from "@mcap/core";
import { loadDecompressHandlers } from "@mcap/support";

/** What the MCAP project's own reader finds, in the order of the file. It checks every checksum and throws for what is not right. */
export async function readWithMcap(bytes: Uint8Array): Promise<McapTypes.TypedMcapRecord[]> {
  const reader = new McapStreamReader({ validateCrcs: true, decompressHandlers: await loadDecompressHandlers() });
  reader.append(bytes);
  const records: McapTypes.TypedMcapRecord[] = [];
  for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord()) records.push(record);
  return records;
}
