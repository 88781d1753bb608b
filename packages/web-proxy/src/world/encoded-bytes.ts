/** Writes bytes as base64 with padding, as VirMesh writes signatures and player keys. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Writes bytes as base64url without padding, as VirMesh writes world keys. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Far longer than the longest key or signature in any encoding. */
const maxLength = 256;

/**
 * Reads bytes from hex, base64 or base64url, with one of the prefixes `hex:`, `base64:`, `base64url:` or without: then it is the
 * first of the three that gives one of `lengths`. Padding may be left out. Returns `undefined` for everything else, also for base64
 * whose unused bits are not zero: each encoding has one text for the same bytes.
 */
export function decodeBytes(text: string, lengths: readonly number[]): Uint8Array | undefined {
  if (text.length > maxLength) return undefined;
  const [, prefix, rest = text] = /^(hex|base64|base64url):(.*)$/s.exec(text) ?? [];
  for (const [name, decode] of Object.entries(decoders)) {
    if (prefix !== undefined && prefix !== name) continue;
    const bytes = decode(rest);
    if (bytes !== undefined && lengths.includes(bytes.byteLength)) return bytes;
  }
  return undefined;
}

const decoders: Readonly<Record<string, (text: string) => Uint8Array | undefined>> = {
  hex: fromHex,
  base64: (text) => (/^[A-Za-z\d+/]*={0,2}$/.test(text) ? fromBase64(text) : undefined),
  base64url: (text) =>
    /^[\w-]*={0,2}$/.test(text) ? fromBase64(text.replaceAll("-", "+").replaceAll("_", "/")) : undefined,
};

function fromHex(text: string): Uint8Array | undefined {
  if (!/^(?:[\da-f]{2})*$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function fromBase64(text: string): Uint8Array | undefined {
  const bare = text.replace(/=+$/, "");
  if (bare.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(atob(bare), (character) => character.charCodeAt(0));
  const padded = toBase64(bytes);
  return text === padded || text === padded.replace(/=+$/, "") ? bytes : undefined;
}
