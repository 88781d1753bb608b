import { resolve } from "node:path";
import { crc32 } from "node:zlib";
import { InvalidOptionsError, ResoioError } from "@resoio/core";
import { Command } from "commander";
import { fileSink } from "../node/file-sink.js";
import { fileSource } from "../node/file-source.js";
import { openRecordingFile } from "../node/open-recording-file.js";
import { nativeDecompressors } from "../node/zstd.js";
import { inspectRecording } from "../reader/inspect-recording.js";
import { repairRecording } from "../reader/repair-recording.js";
import { formatReport } from "./format-report.js";

/** Runs the command `resoio-recording`. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    if (!(error instanceof ResoioError) && !(error instanceof Error && "syscall" in error)) throw error;
    console.error(`resoio-recording: ${error.message}`);
    process.exitCode = 1;
  }
}

function createProgram(): Command {
  const program = new Command("resoio-recording").description("Looks into recordings of Resonite IO traffic.");
  program
    .command("inspect <file>")
    .description("Says what is in a recording: topics, rates, pauses, calls by their status, what is missing.")
    .option("--json", "as JSON, with times in milliseconds")
    .action(inspect);
  program
    .command("repair <file> <repaired>")
    .description("Makes of a recording that breaks off one that every MCAP reader can read.")
    .action(repair);
  return program;
}

async function inspect(file: string, { json = false }: { readonly json?: boolean }): Promise<void> {
  await using reader = await openRecordingFile(file);
  const report = await inspectRecording(reader);
  // Nanoseconds do not fit into a number of JSON, so they are a text there.
  const toJson = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}` : value);
  console.log(json ? JSON.stringify(report, toJson, 2) : formatReport(file, report));
}

async function repair(file: string, repaired: string): Promise<void> {
  if (resolve(file) === resolve(repaired)) {
    throw new InvalidOptionsError("the repaired recording needs a file of its own: it is read from the other one");
  }
  const source = await fileSource(file);
  try {
    const options = { crc32, decompressors: nativeDecompressors };
    const { lostBytes, lostChunks } = await repairRecording(source, fileSink(repaired), options);
    console.log(`${repaired}: ${lostBytes} bytes at the end and ${lostChunks} chunks could not be read`);
  } finally {
    await source.close?.();
  }
}
