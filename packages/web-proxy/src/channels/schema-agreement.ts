import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  ChannelDirection as WireDirection,
  type ChannelSchema as WireSchema,
  ChannelSchemaSchema as WireSchemaSchema,
} from "@resoio/core/gen/resoio/web/v1/channel_pb";
import type { ChannelDirection, ChannelSchema } from "./channel-schema.js";

/**
 * How alike the schemas of the two sides must be.
 *
 * - `"compatible"`: they speak a common version, and no number means one message here and another there, nor is a message another number.
 * - `"exact"`: they are the same, to the last field.
 */
export type SchemaCompatibility = "compatible" | "exact";

const wireDirections: Readonly<Record<ChannelDirection, WireDirection>> = {
  down: WireDirection.DOWN,
  up: WireDirection.UP,
  both: WireDirection.BOTH,
};

/** What the other side is told of a schema. */
export function toWireSchema({ fingerprint, version, messages }: ChannelSchema): WireSchema {
  return create(WireSchemaSchema, {
    fingerprint,
    version: version.max,
    minVersion: version.min,
    messages: messages.map(({ tag, name, direction }) => ({ tag, name, direction: wireDirections[direction] })),
  });
}

/**
 * Throws `FailedPrecondition` when the two sides would not understand each other; it names what they differ in, and both versions.
 */
export function checkAgreement(
  own: ChannelSchema,
  other: WireSchema | undefined,
  compatibility: SchemaCompatibility,
): void {
  // It stands for the versions as well.
  if (other?.fingerprint === own.fingerprint) return;
  const { min, max } = own.version;
  const sides =
    `the proxy has ${range(min, max)} of the channel ${own.name} (${own.fingerprint}), ` +
    (other === undefined
      ? "the client did not say what it has"
      : `the client ${range(other.minVersion, other.version)} (${other.fingerprint})`);
  if (other === undefined || compatibility === "exact") throw disagreement("the two must be the same", sides);
  // Who says no version speaks any.
  const common = Math.min(max, other.version || max);
  if (common < min || common < other.minVersion) throw disagreement("there is no version that both speak", sides);
  for (const { tag, name, direction } of other.messages) {
    const known = own.byTag(tag);
    const moved = own.byName(name);
    if (known !== undefined && known.name !== name) {
      throw disagreement(`number ${tag} is ${known.name} here and ${name} there`, sides);
    }
    if (moved !== undefined && moved.tag !== tag) {
      throw disagreement(`${name} (${moved.schema.typeName}) is number ${moved.tag} here and ${tag} there`, sides);
    }
    if (known === undefined) continue;
    if (direction !== WireDirection.UNSPECIFIED && wireDirections[known.direction] !== direction) {
      throw disagreement(`${name} travels ${known.direction} here and another way there`, sides);
    }
  }
}

function range(min: number, max: number): string {
  return min === max ? `version ${max}` : `versions ${min} to ${max}`;
}

function disagreement(problem: string, sides: string): ConnectError {
  return new ConnectError(`${problem}: ${sides}; build both from the same .proto files`, Code.FailedPrecondition);
}
