import { type DescMessage, getOption } from "@bufbuild/protobuf";
import { fingerprintMessage } from "@resoio/core/fingerprint";
import {
  Direction,
  type MessageOptions,
  message as messageOption,
  Ordering,
} from "@resoio/core/gen/resoio/channel/v1/options_pb";
import type { MessageModel } from "./channel-model.js";
import type { Problems } from "./problems.js";
import { readKeyFields } from "./read-key-fields.js";
import { readTypeOverrides } from "./read-type-overrides.js";

const maxTag = 65_535;
const directions = { [Direction.DOWN]: "down", [Direction.UP]: "up", [Direction.BOTH]: "both" } as const;

/** Reads the annotations of one message, which has some. */
export function readMessage(descriptor: DescMessage, problems: Problems): MessageModel {
  const options = getOption(descriptor, messageOption);
  const { name } = descriptor;
  const { tag, removes, groups, transient } = options;
  const keyFields = readKeyFields(descriptor, problems);
  checkOptions(descriptor, options, keyFields.length > 0, problems);
  // What is not said has been noticed; the rest goes on with anything.
  const direction = options.direction === Direction.UNSPECIFIED ? "both" : directions[options.direction];
  const hasKey = keyFields.length > 0 || options.family !== "" || removes.length > 0;
  return {
    descriptor,
    name,
    tag,
    direction,
    family: hasKey ? (removes[0] ?? (options.family || name)) : undefined,
    keyFields,
    removes,
    groups,
    transient,
    ordering: options.ordering === Ordering.IN_PLACE ? "in-place" : "last",
    typeOverrides: readTypeOverrides(descriptor, problems),
    fingerprint: fingerprintMessage({ name, tag, direction, schema: descriptor }),
  };
}

function checkOptions(
  descriptor: DescMessage,
  options: MessageOptions,
  hasKeyFields: boolean,
  problems: Problems,
): void {
  const { tag, direction, family, unique, removes, groups } = options;
  if (tag === 0) problems.add(descriptor, "has no tag: give it a number that no message of the channel has had");
  if (tag > maxTag) problems.add(descriptor, `has the tag ${tag}: give it one from 1 to ${maxTag}`);
  if (!(direction in directions)) {
    problems.add(descriptor, "has no direction: give it DIRECTION_DOWN, DIRECTION_UP or DIRECTION_BOTH");
  }
  if (unique && (hasKeyFields || family !== "" || removes.length > 0)) {
    problems.add(descriptor, "is unique and has a key: leave out unique, or the key fields, family and removes");
  }
  if (removes.length > 0 && family !== "") {
    problems.add(
      descriptor,
      "has both family and removes: a tombstone is of the first family that it removes, leave out family",
    );
  }
  for (const name of [family, ...removes].filter((one) => one.includes("/"))) {
    problems.add(descriptor, `has the family ${JSON.stringify(name)}: give it a name without a slash`);
  }
  for (const name of groups.filter((one) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(one))) {
    problems.add(descriptor, `has the group ${JSON.stringify(name)}: give it a name in lower_snake_case`);
  }
  for (const [list, names] of Object.entries({ groups, removes })) {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) problems.add(descriptor, `has ${JSON.stringify(twice)} twice in ${list}: once is enough`);
  }
}
