import { posix } from "node:path";
import type { ChannelModel } from "../annotations/channel-model.js";

/** The path of the generated file, relative to the output folder: `board/v1/robot_arm_channel.ts`. */
export function channelFileName({ file, name }: ChannelModel): string {
  return posix.join(posix.dirname(file.name), `${name.replaceAll("-", "_")}_channel.ts`);
}
