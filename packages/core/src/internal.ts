// For the sibling packages only. Does not follow semantic versioning.
export { frameMessage } from "./wire/frame-message.js";
export type { AllocateBytes } from "./wire/message-assembler.js";
export { MessageAssembler, messagePrefixBytes } from "./wire/message-assembler.js";
