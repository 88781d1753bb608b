import { create } from "@bufbuild/protobuf";
import { CodeGeneratorResponseSchema } from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin, type Plugin } from "@bufbuild/protoplugin";
import { AnnotationError } from "./annotations/problems.js";
import { readChannels } from "./annotations/read-channels.js";
import { emitChannel } from "./emit/emit-channel.js";

const name = "protoc-gen-resoio-channel";
/** Of what is written, not of the package: a release that writes the same makes no file stale. */
const version = "v1";

/**
 * The protoc plugin `protoc-gen-resoio-channel`: writes one `<name>_channel.ts` per channel, beside what protoc-gen-es makes of the
 * file that names it. Takes the options that all plugins on `@bufbuild/protoplugin` take (`target`, `import_extension`, ...).
 */
export const plugin: Plugin = {
  name,
  version,
  run(request) {
    // A new one for each run: it keeps writing JavaScript once it was asked to.
    const generator = createEcmaScriptPlugin({
      name,
      version,
      generateTs(schema) {
        for (const channel of readChannels(schema)) emitChannel(schema, channel);
      },
    });
    try {
      return generator.run(request);
    } catch (error) {
      if (!(error instanceof AnnotationError)) throw error;
      // What protoc shows to the author: the sentences, without a stack.
      return create(CodeGeneratorResponseSchema, { error: error.message });
    }
  },
};
