/** How many lines are shown: enough to see what it is about. */
const shownLines = 12;
const shownWidth = 160;

/** The lines that only one of two texts has, as diff marks them: `-` only in `before`, `+` only in `after`. At most some. */
export function lineDifference(before: string, after: string): readonly string[] {
  const lines = [
    ...onlyIn(before, after).map((line) => `- ${line}`),
    ...onlyIn(after, before).map((line) => `+ ${line}`),
  ];
  const cut = lines.map((line) => (line.length > shownWidth ? `${line.slice(0, shownWidth)}...` : line));
  return cut.length <= shownLines ? cut : [...cut.slice(0, shownLines), `and ${cut.length - shownLines} lines more`];
}

function onlyIn(text: string, other: string): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of other.split("\n")) counts.set(line, (counts.get(line) ?? 0) + 1);
  return text.split("\n").filter((line) => {
    const count = counts.get(line) ?? 0;
    counts.set(line, count - 1);
    return count <= 0;
  });
}
