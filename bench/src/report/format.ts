import type { Result } from "./result.ts";
import type { Stat } from "./stat.ts";

/** A number with as many digits as mean something. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** The median, and the spread when there is one. */
export function formatStat({ median, min, max }: Stat): string {
  const [middle, low, high] = [median, min, max].map(formatNumber);
  return low === high ? `${middle}` : `${middle} (${low} to ${high})`;
}

/** The table of a result, as Markdown. */
export function formatTable({ rows }: Result): string {
  const columns = Object.keys(rows[0]?.figures ?? {});
  const lines = rows.map(({ label, figures }) => [
    label,
    ...columns.map((column) => {
      const stat = figures[column];
      return stat === undefined ? "" : formatStat(stat);
    }),
  ]);
  const table = [["", ...columns], ...lines];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = table;
  return [format(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body.map(format)].join("\n");
}
