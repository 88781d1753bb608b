import type { Stat } from "./stat.ts";

/** What one work has shown: a table. */
export interface Result {
  readonly work: string;
  readonly title: string;
  /** What has to be known to read the figures. */
  readonly note?: string | undefined;
  /** The figure that is plotted, by its column. Default: none. */
  readonly plotted?: string | undefined;
  readonly rows: readonly Row[];
}

/** A line of a table. */
export interface Row {
  readonly label: string;
  /** Figures by column, in their order; all rows have the same. */
  readonly figures: Readonly<Record<string, Stat>>;
}

/** Collects the figures of several rounds, row by row. */
export class Rounds {
  readonly #values = new Map<string, Map<string, number[]>>();

  /** Adds what was measured in a round. */
  add(label: string, figures: Readonly<Record<string, number>>): void {
    const row = this.#values.get(label) ?? new Map<string, number[]>();
    this.#values.set(label, row);
    for (const [column, value] of Object.entries(figures)) row.set(column, [...(row.get(column) ?? []), value]);
  }

  /** The rows, with what `toStat` makes of the values. */
  rows(toStat: (values: readonly number[]) => Stat): Row[] {
    return Array.from(this.#values, ([label, columns]) => ({
      label,
      figures: Object.fromEntries(Array.from(columns, ([column, values]) => [column, toStat(values)])),
    }));
  }
}
