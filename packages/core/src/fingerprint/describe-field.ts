import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** What a field is, in one line that says everything a peer must agree on: `repeated string names = 3`. */
export function describeField(field: DescField): string {
  const marks = [
    field.oneof === undefined ? presenceOf(field) : `oneof ${field.oneof.name}`,
    "delimitedEncoding" in field && field.delimitedEncoding ? "delimited" : "",
  ].filter((mark) => mark !== "");
  return `${typeOf(field)} ${field.name} = ${field.number}${marks.length === 0 ? "" : ` [${marks.join(", ")}]`}`;
}

/** The message or enum that a field holds, also as the element of a list or the value of a map. */
export function typeInField(field: DescField): DescMessage | DescEnum | undefined {
  return field.message ?? field.enum;
}

function typeOf(field: DescField): string {
  if (field.fieldKind === "list") return `repeated ${elementOf(field)}`;
  if (field.fieldKind === "map") return `map<${scalarName(field.mapKey)}, ${elementOf(field)}>`;
  return elementOf(field);
}

function elementOf(field: DescField): string {
  const type = typeInField(field);
  if (type !== undefined) return type.typeName;
  return field.scalar === undefined ? "" : scalarName(field.scalar);
}

function scalarName(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}

/** Nothing for what the kind of field says by itself. */
function presenceOf(field: DescField): string {
  if (field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) return "required";
  const isPlain = field.fieldKind === "scalar" || field.fieldKind === "enum";
  return isPlain && field.presence === FeatureSet_FieldPresence.EXPLICIT ? "optional" : "";
}
