import { randomFillSync } from "node:crypto";

/** Digits and capital letters that are not mistaken for each other. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Makes the id of an instance: 130 random bits, of which nothing can be read and which never come again. */
export function createInstanceId(): string {
  const bytes = randomFillSync(new Uint8Array(26));
  return `inst_${Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("")}`;
}
