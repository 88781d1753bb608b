/** Columns of a glyph. */
const GLYPH_WIDTH = 5;

/** Rows of a glyph; none is below the line. */
export const GLYPH_HEIGHT = 7;

/** Columns from one glyph to the next. */
const GLYPH_ADVANCE = 6;

/** A row of cells to fill. */
export interface GlyphRun {
  /** First cell from the left of the text. */
  readonly column: number;
  /** Row from the top. */
  readonly row: number;
  /** Number of cells. */
  readonly length: number;
}

/** Seven rows from the top, each a base-32 digit whose five bits are the cells from the left: A is .###. #...# #...# ... */
const GLYPHS: Readonly<Record<string, string>> = {
  " ": "0000000",
  A: "EHHVHHH",
  B: "UHHUHHU",
  C: "EHGGGHE",
  D: "UHHHHHU",
  E: "VGGUGGV",
  F: "VGGUGGG",
  G: "EHGNHHF",
  H: "HHHVHHH",
  I: "E44444E",
  J: "72222IC",
  K: "HIKOKIH",
  L: "GGGGGGV",
  M: "HRLLHHH",
  N: "HPPLJJH",
  O: "EHHHHHE",
  P: "UHHUGGG",
  Q: "EHHHLID",
  R: "UHHUKIH",
  S: "FGGE11U",
  T: "V444444",
  U: "HHHHHHE",
  V: "HHHHHA4",
  W: "HHHLLLA",
  X: "HHA4AHH",
  Y: "HHA4444",
  Z: "V1248GV",
  a: "00E1FHF",
  b: "GGUHHHU",
  c: "00EHGHE",
  d: "11FHHHF",
  e: "00EHVGE",
  f: "698S888",
  g: "00FHF1E",
  h: "GGUHHHH",
  i: "40C444E",
  j: "20622IC",
  k: "GGIKOKI",
  l: "C44444E",
  m: "00QLLLL",
  n: "00UHHHH",
  o: "00EHHHE",
  p: "00UHUGG",
  q: "00FHF11",
  r: "00MPGGG",
  s: "00FGE1U",
  t: "88S8896",
  u: "00HHHJD",
  v: "00HHHA4",
  w: "00HHLLA",
  x: "00HA4AH",
  y: "00HHF1E",
  z: "00V248V",
  0: "EHJLPHE",
  1: "4C4444E",
  2: "EH1248V",
  3: "V2421HE",
  4: "26AIV22",
  5: "VGU11HE",
  6: "68GUHHE",
  7: "V124888",
  8: "EHHEHHE",
  9: "EHHF12C",
  ".": "00000CC",
  ",": "0000C48",
  ":": "0CC0CC0",
  ";": "0CC0C48",
  "-": "000E000",
  _: "000000V",
  "+": "044V440",
  "/": "01248G0",
  "(": "2488842",
  ")": "8422248",
  "'": "4480000",
  '"': "AAA0000",
  "!": "4444404",
  "?": "EH12404",
  "#": "AAVAVAA",
  "%": "OP248J3",
  "=": "00V0V00",
  "<": "248G842",
  ">": "8421248",
  "[": "E88888E",
  "]": "E22222E",
  "|": "4444444",
  "*": "04LEL40",
  "@": "EH1DLLE",
  "&": "CIK8LID",
  "°": "6996000",
};

/** A chequered block: an empty box would pass for an O or a 0. */
const UNKNOWN = "LALALAL";

/** The runs of each glyph; "unknown" is no character and so in nobody's way. */
const runsOfGlyph: ReadonlyMap<string, readonly GlyphRun[]> = new Map(
  Object.entries({ ...GLYPHS, unknown: UNKNOWN }).map(([character, rows]) => [character, findRuns(rows)]),
);

function findRuns(rows: string): GlyphRun[] {
  const runs: GlyphRun[] = [];
  for (let row = 0; row < GLYPH_HEIGHT; row++) {
    const bits = Number.parseInt(rows[row], 32);
    for (let column = 0; column < GLYPH_WIDTH; column++) {
      const from = column;
      while (column < GLYPH_WIDTH && bits & (16 >> column)) column++;
      if (column > from) runs.push({ column: from, row, length: column - from });
    }
  }
  return runs;
}

/** The characters of `text`, at most `most` of them; a longer text ends in two full stops. */
export function shorten(text: string, most: number): string {
  // A character is at most two code units: however long the text is, no more of it is looked at than needed.
  const characters = Array.from(text.slice(0, 2 * most + 2));
  return characters.length <= most ? text : `${characters.slice(0, most - 2).join("")}..`;
}

/** Columns of `text`, without the gap behind its last glyph. */
export function textColumns(text: string): number {
  return Math.max(0, Array.from(text).length * GLYPH_ADVANCE - 1);
}

/** The cells to fill for `text`, in rows of cells; a character without a glyph is a chequered block. */
export function textRuns(text: string): GlyphRun[] {
  const unknown = runsOfGlyph.get("unknown") ?? [];
  return Array.from(text).flatMap((character, index) =>
    (runsOfGlyph.get(character) ?? unknown).map(({ column, row, length }) => ({
      column: column + index * GLYPH_ADVANCE,
      row,
      length,
    })),
  );
}
