import type { RecordingReport } from "../reader/inspect-recording.js";

/** What a recording has, for people. */
export function formatReport(file: string, { info, topics, rpcs, gaps }: RecordingReport): string {
  const { startUnixNanos, durationMs, byteLength, loopStartMs, times, metadata, messages } = info;
  const facts: [string, string][] = [
    ["file", `${file}, ${bytes(byteLength)}`],
    ["begins", new Date(Number(startUnixNanos / 1_000_000n)).toISOString()],
    ["lasts", `${seconds(durationMs)}, ${times === "wall" ? "by the clock" : "as it was told"}`],
    ["messages", `${messages}`],
    ["end", describeEnd(info)],
    ...(loopStartMs === undefined ? [] : [["repeats", `from ${seconds(loopStartMs)}`] as [string, string]]),
    ...Object.entries(metadata).map(([name, value]): [string, string] => [name, value]),
  ];
  return [
    table(facts),
    table([
      ["topic", "messages", "size", "a second", "longest pause", "type"],
      ...topics.map(({ topic, typeName, messages: count, bytes: size, perSecond, longestPauseMs }) => [
        topic,
        `${count}`,
        bytes(size),
        perSecond.toFixed(1),
        seconds(longestPauseMs),
        typeName,
      ]),
    ]),
    table([
      ["rpc", "calls", "how they ended"],
      ...rpcs.map(({ rpc, calls, statuses }) => [
        rpc,
        `${calls}`,
        Object.entries(statuses)
          .map(([status, count]) => `${count} ${status}`)
          .join(", "),
      ]),
    ]),
    gaps.length === 0
      ? "Nothing is missing."
      : table([
          ["missing on", "messages", "size", "from", "to"],
          ...gaps.map(({ topic, messages: count, bytes: size, fromMs, toMs }) => [
            topic,
            `${count}`,
            bytes(size),
            seconds(fromMs),
            seconds(toMs),
          ]),
        ]),
  ].join("\n\n");
}

function describeEnd({ isComplete, lost }: RecordingReport["info"]): string {
  if (isComplete) return "complete";
  if (lost === undefined) return "breaks off";
  const chunks = lost.chunks === 0 ? "" : `, and ${lost.chunks} chunks before`;
  return `breaks off; ${lost.bytes} bytes could not be read${chunks}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  return count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

/** Columns as wide as they must be. Numbers are at the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          /^[\d.]/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
