/**
 * The type `Shape` with other types for some of its fields. They must be narrower: each value of the new type is one of the old.
 *
 * Generated code uses it for `ts_type`. The compiler is told; nothing is checked when a message arrives.
 */
export type WithTypes<
  Shape,
  Types extends { readonly [Name in keyof Types]: Name extends keyof Shape ? Shape[Name] : never },
> = {
  [Name in keyof Shape]: Name extends keyof Types ? Types[Name] : Shape[Name];
};
