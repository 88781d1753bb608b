import { getOption, hasOption } from "@bufbuild/protobuf";
import type { Schema } from "@bufbuild/protoplugin";
import { channel as channelOption } from "@resoio/core/gen/resoio/channel/v1/options_pb";
import type { ChannelModel } from "./channel-model.js";
import { checkStrayAnnotations } from "./check-stray-annotations.js";
import { Problems, protoPathOf } from "./problems.js";
import { readChannel } from "./read-channel.js";

/**
 * The channels of the files that are to be generated, one per package that names one.
 *
 * Throws an `AnnotationError` that says everything that is wrong with their annotations.
 */
export function readChannels(schema: Pick<Schema, "files" | "allFiles">): readonly ChannelModel[] {
  const problems = new Problems();
  const packages = new Set(schema.files.map(({ proto }) => proto.package));
  const channels = [...packages].flatMap((name) => {
    const files = schema.allFiles.filter(({ proto }) => proto.package === name);
    const [declaring, ...others] = files.filter((file) => hasOption(file, channelOption));
    for (const other of others) {
      const first = declaring === undefined ? "" : `, as ${protoPathOf(declaring)} does`;
      problems.add(other, `names a channel of the package ${name}${first}: let one file name it`);
    }
    checkStrayAnnotations(files, { hasChannel: declaring !== undefined, problems });
    return declaring === undefined
      ? []
      : [readChannel(declaring, files, getOption(declaring, channelOption), problems)];
  });
  problems.throwIfAny();
  // A package whose channel is named by a file that only was imported is somebody else's to generate.
  return channels.filter(({ file }) => schema.files.includes(file));
}
