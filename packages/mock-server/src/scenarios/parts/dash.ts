import { z } from "zod";

/** A control on a dash tab. */
export interface ScenarioDashControl {
  readonly type: "button" | "scroll" | "none";
  readonly name: string;
  readonly label: string;
  readonly localeKey: string;
  readonly enabled: boolean;
  /** Inactive ones, and all below them, are not listed. */
  readonly active: boolean;
  /** On the canvas, larger is further down and right; absent for a control without a rectangle. */
  readonly position?: { readonly x: number; readonly y: number } | undefined;
  readonly children: readonly ScenarioDashControl[];
}

/** The same as it may be written down. */
export interface ScenarioDashControlInput {
  readonly type?: ScenarioDashControl["type"] | undefined;
  readonly name?: string | undefined;
  readonly label?: string | undefined;
  readonly localeKey?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly active?: boolean | undefined;
  readonly position?: { readonly x: number; readonly y: number } | undefined;
  readonly children?: readonly ScenarioDashControlInput[] | undefined;
}

const dashControl: z.ZodType<ScenarioDashControl, ScenarioDashControlInput> = z.lazy(() =>
  z.strictObject({
    type: z.enum(["button", "scroll", "none"]).default("button"),
    name: z.string().default("Control"),
    label: z.string().default(""),
    localeKey: z.string().default(""),
    enabled: z.boolean().default(true),
    active: z.boolean().default(true),
    position: z.strictObject({ x: z.number(), y: z.number() }).optional(),
    children: z.array(dashControl).default([]),
  }),
);

/** A tab of the dash. The one whose `localeKey` is `Dash.Screens.Inventory` also lists the inventory's root. */
export const dashTab = z.strictObject({
  name: z.string(),
  label: z.string(),
  localeKey: z.string().default(""),
  enabled: z.boolean().default(true),
  controls: z.array(dashControl).default([]),
});

/** See {@link dashTab}. */
export type ScenarioDashTab = z.output<typeof dashTab>;
