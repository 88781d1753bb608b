import { createEcmaScriptPlugin, type Plugin, type Schema } from "@bufbuild/protoplugin";
import { emitHandlers } from "./emit-handlers.ts";
import { emitReference } from "./emit-reference.ts";
import { emitRegistry, emitRpcClients } from "./emit-registry.ts";

const emitters: Record<string, (schema: Schema) => void> = {
  registry(schema) {
    emitRegistry(schema);
    emitRpcClients(schema);
  },
  handlers: emitHandlers,
  reference: emitReference,
};

/** The protoc plugin `protoc-gen-resoio`. Its option `emit` says what to write: `registry`, `handlers` or `reference`. */
export const plugin: Plugin = createEcmaScriptPlugin({
  name: "protoc-gen-resoio",
  version: "v1",
  parseOptions(options): { emit: (schema: Schema) => void } {
    const emit = emitters[options.find(({ key }) => key === "emit")?.value ?? ""];
    const other = options.find(({ key }) => key !== "emit");
    if (emit === undefined) throw new Error(`the option emit must be one of ${Object.keys(emitters).join(", ")}`);
    if (other !== undefined) throw new Error(`unknown option ${other.key}`);
    return { emit };
  },
  generateTs(schema) {
    schema.options.emit(schema);
  },
});
