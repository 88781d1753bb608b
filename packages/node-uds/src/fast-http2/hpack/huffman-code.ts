import { HpackError } from "./hpack-error.js";

/**
 * How many bits the code of each byte has, and of the end-of-string mark as number 256 (RFC 7541, appendix B). The codes themselves
 * follow: they are handed out in order of length and, within a length, of value.
 */
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];

/** Number of the mark that must not appear in a string. */
const endOfString = 256;
const longestCode = 30;

/** For each length: the first code of that length, and where its values begin in {@link valuesByCode}. */
const firstCode: number[] = [];
const firstIndex: number[] = [];
/** How many codes there are of each length. */
const codeCount: number[] = [];
const valuesByCode: number[] = [];

{
  let code = 0;
  for (let length = 0; length <= longestCode; length++) {
    code *= 2;
    firstCode[length] = code;
    firstIndex[length] = valuesByCode.length;
    codeLengths.forEach((candidate, value) => {
      if (candidate === length) valuesByCode.push(value);
    });
    const count = valuesByCode.length - (firstIndex[length] ?? 0);
    codeCount[length] = count;
    code += count;
  }
}

/**
 * Decodes a string. Throws {@link HpackError} when it holds the end-of-string mark, or does not end in at most seven bits of it.
 */
export function decodeHuffman(bytes: Uint8Array): string {
  let text = "";
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length++;
      const offset = code - (firstCode[length] ?? 0);
      if (offset < (codeCount[length] ?? 0) && offset >= 0) {
        const value = valuesByCode[(firstIndex[length] ?? 0) + offset] ?? endOfString;
        if (value === endOfString) throw new HpackError("a Huffman string holds its own end mark");
        text += String.fromCharCode(value);
        code = 0;
        length = 0;
      } else if (length >= longestCode) throw new HpackError("a Huffman string holds a code that does not exist");
    }
  }
  // What is left over must be padding: the first bits of the end mark, which are ones.
  if (length > 7 || code !== 2 ** length - 1) throw new HpackError("a Huffman string is not padded as it must be");
  return text;
}
