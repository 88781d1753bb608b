/** Bytes as text that crosses any border. */
export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  // In pieces, because a call takes only so many arguments.
  for (let start = 0; start < bytes.byteLength; start += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(start, start + 8192)));
  }
  return btoa(parts.join(""));
}

/** The bytes of {@link toBase64}. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = characters.charCodeAt(index);
  return bytes;
}
