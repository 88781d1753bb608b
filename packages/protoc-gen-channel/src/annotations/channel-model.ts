import type { DescField, DescFile, DescMessage } from "@bufbuild/protobuf";

/** A channel, as the annotations of a package describe it. Checked: whatever is made of it compiles. */
export interface ChannelModel {
  /** How both ends call it: `robot-arm`. */
  readonly name: string;
  /** What the names of its types begin with: `RobotArm`. */
  readonly prefix: string;
  /** The name of its schema: `robotArmChannel`. */
  readonly constant: string;
  /** The file that names it. */
  readonly file: DescFile;
  readonly version: { readonly min: number; readonly max: number };
  readonly fingerprint: string;
  /** By ascending tag. */
  readonly messages: readonly MessageModel[];
  /** In the order of their names. */
  readonly groups: readonly GroupModel[];
}

/** One message of a channel. */
export interface MessageModel {
  readonly descriptor: DescMessage;
  /** How the channel calls it: the name of the message. */
  readonly name: string;
  readonly tag: number;
  readonly direction: "down" | "up" | "both";
  /** Undefined: it has no key. */
  readonly family: string | undefined;
  /** By ascending number. Empty with a family: there is one key for all. */
  readonly keyFields: readonly DescField[];
  readonly removes: readonly string[];
  readonly groups: readonly string[];
  readonly transient: boolean;
  readonly ordering: "last" | "in-place";
  readonly typeOverrides: readonly TypeOverride[];
  readonly fingerprint: string;
}

/** Messages that belong together. */
export interface GroupModel {
  /** As the annotations write it: `scene_parts`. */
  readonly name: string;
  /** The union of its messages: `ScenePartsMessage`. */
  readonly type: string;
  /** What tells whether a message is of it: `isScenePartsMessage`. */
  readonly guard: string;
  readonly members: readonly MessageModel[];
}

/** A TypeScript type in the place of a field's own. */
export interface TypeOverride {
  readonly field: DescField;
  /** Verbatim. */
  readonly type: string;
  /** Where the names in it come from: a path relative to the generated file, or a package. Undefined: nothing is imported. */
  readonly from: string | undefined;
  /** The names in it that are imported. */
  readonly names: readonly string[];
}
