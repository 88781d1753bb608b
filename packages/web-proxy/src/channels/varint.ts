/** How many bytes `value`, a whole number from 0, takes as a Protobuf varint. */
export function varintBytes(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Writes `value`, a whole number from 0, at `offset`. Returns the offset behind it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let end = offset;
  let rest = value;
  // Beyond 31 bits only division is exact.
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) target[end++] = (rest % 0x80) | 0x80;
  for (; rest >= 0x80; rest >>>= 7) target[end++] = (rest & 0x7f) | 0x80;
  target[end++] = rest;
  return end;
}

/** The bytes of `value`, from 0 to 2^63 - 1, as a Protobuf varint. */
export function encodeBigVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
