/** An envelope of a Connect stream, put together by hand. `length` lies about its content. */
export function envelope(flags: number, content: Uint8Array | string, length?: number): Buffer {
  const bytes = Buffer.from(content);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flags);
  prefix.writeUInt32BE(length ?? bytes.byteLength, 1);
  return Buffer.concat([prefix, bytes]);
}

/** The last envelope of a Connect stream. */
export function endEnvelope(end: object = {}): Buffer {
  return envelope(2, JSON.stringify(end));
}
