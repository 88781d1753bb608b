export type { Clock } from "@resoio/core/internal";
export { MalformedRecordingError } from "./errors/malformed-recording-error.js";
export { RecordingEndedError } from "./errors/recording-ended-error.js";
export { RecordingFailedError } from "./errors/recording-failed-error.js";
export { formatVersion as recordingFormatVersion } from "./format/metadata.js";
export { decodeImage as decodeRecordedPicture } from "./format/picture-image.js";
export { requestTopic, responseTopic, rpcNameOf } from "./format/topics.js";
export { type Moment, readMoment } from "./moment.js";
export { createPlayer } from "./player/create-player.js";
export type { PlayedMessage, Player, PlayerOptions, PlayerState } from "./player/player.js";
export type { Decompressor, Decompressors } from "./reader/decompression.js";
export {
  inspectRecording,
  type RecordingReport,
  type RpcReport,
  type TopicReport,
} from "./reader/inspect-recording.js";
export { type OpenRecordingOptions, openRecording } from "./reader/open-recording.js";
export type {
  CallsOptions,
  MessagesOptions,
  RecordedCall,
  RecordedFrame,
  RecordedGap,
  RecordedMessage,
  RecordedStatus,
  RecordedTopic,
  RecordedUnaryCall,
  RecordingInfo,
  RecordingReader,
  TimeRange,
} from "./reader/recording-reader.js";
export { blobSource, bytesSource, type RecordingSource } from "./reader/recording-source.js";
export { type RepairOptions, type RepairSummary, repairRecording } from "./reader/repair-recording.js";
export type { CallTap } from "./writer/call-tap.js";
export type { CameraEncoder } from "./writer/camera-encoder.js";
export type { ChannelMessage, KeyframeMessage, KeyframeOptions } from "./writer/channel-message.js";
export type { ChunkCompression } from "./writer/chunk-compression.js";
export type { Crc32 } from "./writer/crc32.js";
export { createRecording } from "./writer/create-recording.js";
export type { CallInfo, Recording, RecordingStats, RecordingSummary } from "./writer/recording.js";
export type { RecordingCandidate, RecordingFilter } from "./writer/recording-filter.js";
export { createRecordingInterceptor } from "./writer/recording-interceptor.js";
export type { RecordingOptions } from "./writer/recording-options.js";
export type { RecordingSink } from "./writer/recording-sink.js";
