export { fileSink } from "./file-sink.js";
export { fileSource } from "./file-source.js";
export { openRecordingFile } from "./open-recording-file.js";
export { type FileRecordingOptions, fileRecordingDefaults, recordToFile } from "./record-to-file.js";
export { hasZstd, type ZstdOptions, zstdCompression } from "./zstd.js";
