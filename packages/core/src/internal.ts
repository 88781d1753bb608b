// For the sibling packages only. Does not follow semantic versioning.

export { maxTimerMs } from "./max-timer-ms.js";
export type { MessageSource } from "./streams/message-queue.js";
export { MessageQueue } from "./streams/message-queue.js";
export { frameMessage } from "./wire/frame-message.js";
export type { AllocateBytes } from "./wire/message-assembler.js";
export { MessageAssembler, messagePrefixBytes } from "./wire/message-assembler.js";
