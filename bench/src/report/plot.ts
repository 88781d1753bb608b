import { formatNumber } from "./format.ts";
import type { Result } from "./result.ts";

/** A figure of a result, drawn as bars. */
export interface Panel {
  readonly result: Result;
  /** The column that is drawn. */
  readonly column: string;
  /** What the numbers are, for the title. */
  readonly unit: string;
}

const width = 880;
const labelWidth = 290;
const barsWidth = width - labelWidth - 110;
const rowHeight = 22;
const panelGap = 34;
const margin = 16;

/** Draws panels below each other, as an SVG picture: a bar for the median of each row, a line for its spread. */
export function plot(panels: readonly Panel[]): string {
  let y = margin;
  const parts: string[] = [];
  for (const panel of panels) {
    parts.push(drawPanel(panel, y));
    y += panelGap + panel.result.rows.length * rowHeight + 12;
  }
  const height = y + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ result, column, unit }: Panel, top: number): string {
  const stats = result.rows.map(({ figures }) => figures[column]);
  const largest = Math.max(...stats.map((stat) => stat?.max ?? 0));
  const x = (value: number): string => ((value / largest) * barsWidth).toFixed(1);
  const lines = result.rows.map(({ label }, index) => {
    const stat = stats[index];
    if (stat === undefined) return "";
    const y = top + panelGap + index * rowHeight;
    const middle = y + rowHeight / 2;
    const fill = label.startsWith("@resoio") ? "#2563eb" : "#94a3b8";
    return [
      `<text x="${labelWidth}" y="${middle + 4}" text-anchor="end" fill="#1e293b">${escaped(label)}</text>`,
      `<rect x="${labelWidth + 8}" y="${y + 3}" width="${x(stat.median)}" height="${rowHeight - 6}" fill="${fill}"/>`,
      `<path d="M${labelWidth + 8 + Number(x(stat.min))} ${middle}H${labelWidth + 8 + Number(x(stat.max))}" stroke="#0f172a"/>`,
      `<text x="${labelWidth + 16 + Number(x(stat.max))}" y="${middle + 4}" fill="#475569">${formatNumber(stat.median)}</text>`,
    ].join("\n");
  });
  const title = `<text x="${margin}" y="${top + 18}" font-weight="600" fill="#0f172a">${escaped(`${result.title}: ${unit}`)}</text>`;
  return [title, ...lines].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
