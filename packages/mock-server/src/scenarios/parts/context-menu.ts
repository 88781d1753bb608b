import { z } from "zod";

/** An item of the radial menu. */
export interface ScenarioMenuItem {
  readonly label: string;
  readonly enabled: boolean;
  readonly hasIcon: boolean;
  /** Red, green, blue and opacity from 0 to 1. */
  readonly colour: readonly [number, number, number, number];
  /** Items without a button cannot be pressed. */
  readonly hasButton: boolean;
  /** What pressing it does: close the menu, leave it open, or open a menu of these items. */
  readonly action: "close" | "stay" | readonly ScenarioMenuItem[];
}

/** The same as it may be written down. */
export interface ScenarioMenuItemInput {
  readonly label?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly hasIcon?: boolean | undefined;
  readonly colour?: readonly [number, number, number, number] | undefined;
  readonly hasButton?: boolean | undefined;
  readonly action?: "close" | "stay" | readonly ScenarioMenuItemInput[] | undefined;
}

const fraction = z.number().min(0).max(1);

/** An item of the radial menu. */
export const menuItem: z.ZodType<ScenarioMenuItem, ScenarioMenuItemInput> = z.lazy(() =>
  z.strictObject({
    label: z.string().default(""),
    enabled: z.boolean().default(true),
    hasIcon: z.boolean().default(true),
    colour: z.tuple([fraction, fraction, fraction, fraction]).readonly().default([1, 1, 1, 1]),
    hasButton: z.boolean().default(true),
    action: z.union([z.enum(["close", "stay"]), z.array(menuItem)]).default("close"),
  }),
);
