const encoder = new TextEncoder();

/**
 * The 64-bit FNV-1a hash of a text's UTF-8 bytes, as 16 hexadecimal digits. Tells texts apart that differ by accident; it is no
 * protection against somebody who looks for two that hash alike.
 */
export function hashText(text: string): string {
  // The prime is 2^40 + 0x1b3. The hash is kept in two halves, so that no product leaves what a double holds exactly.
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of encoder.encode(text)) {
    low = (low ^ byte) >>> 0;
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + (low << 8) + Math.floor(product / 0x1_0000_0000)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
