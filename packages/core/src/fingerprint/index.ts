// For the sibling packages only: channels and their code generator, which need nothing else of core. Does not follow semantic versioning.

export { describeField } from "./describe-field.js";
export type { FingerprintedChannel, FingerprintedMessage } from "./fingerprint-channel.js";
export { fingerprintChannel, fingerprintMessage } from "./fingerprint-channel.js";
