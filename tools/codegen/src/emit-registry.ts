import type { Schema } from "@bufbuild/protoplugin";
import { readContract } from "./contract.ts";

/**
 * Writes `registry.ts` for core: every service by modality, and every RPC with its kind, its access and its descriptor,
 * which carries the request and response types.
 */
export function emitRegistry(schema: Schema): void {
  const contract = readContract(schema);
  const file = schema.generateFile("registry.ts");
  file.print("// Generated from proto/resonite_io/v1 by `npm run generate`. Do not edit.");
  file.print();
  file.print(
    "/** The right that a caller needs for an RPC; see `proto/resoio/access/v1/access.proto` for their meaning. */",
  );
  file.print('export type Access = "observe" | "control" | "write" | "admin" | "secret";');
  file.print();
  file.print("/** Every service of the mod, by modality. */");
  file.print("export const services = {");
  for (const service of contract) {
    file.print("  /** ", escapeComment(service.summary), " */");
    file.print("  ", service.modality, ": ", file.importSchema(service.descriptor), ",");
  }
  file.print("} as const;");
  file.print();
  file.print("/** The name of a modality: `camera`, `contextMenu`, ... */");
  file.print("export type Modality = keyof typeof services;");
  file.print();
  file.print("/** Every RPC of the mod, by `modality.method`. */");
  file.print("export const rpcs = {");
  for (const service of contract) {
    for (const { descriptor, access, summary } of service.methods) {
      const id = `${service.modality}.${descriptor.localName}`;
      file.print("  /** ", escapeComment(summary), " */");
      file.print("  ", file.string(id), ": {");
      file.print("    id: ", file.string(id), ",");
      file.print("    modality: ", file.string(service.modality), ",");
      file.print("    path: ", file.string(`/${service.descriptor.typeName}/${descriptor.name}`), ",");
      file.print("    kind: ", file.string(descriptor.methodKind), ",");
      file.print("    access: ", file.string(access), ",");
      file.print("    method: ", file.importSchema(service.descriptor), ".method.", descriptor.localName, ",");
      file.print("  },");
    }
  }
  file.print("} as const satisfies Record<string, RpcShape>;");
  file.print();
  file.print("/** The name of an RPC: `camera.streamFrames`, `world.join`, ... */");
  file.print("export type RpcId = keyof typeof rpcs;");
  file.print();
  file.print("/** What the registry says about one RPC. */");
  file.print("export type Rpc = (typeof rpcs)[RpcId];");
  file.print();
  file.print("interface RpcShape {");
  file.print("  /** `modality.method`. */");
  file.print("  readonly id: string;");
  file.print("  readonly modality: Modality;");
  file.print("  /** The route on the wire: `/resonite_io.v1.<Service>/<Method>`. */");
  file.print("  readonly path: string;");
  file.print("  /** Which sides stream. */");
  file.print('  readonly kind: "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";');
  file.print("  /** The right that a caller needs. */");
  file.print("  readonly access: Access;");
  file.print("  /** The descriptor, with the request and response types as `input` and `output`. */");
  file.print("  readonly method: ", file.import("DescMethod", "@bufbuild/protobuf", true), ";");
  file.print("}");
}

/** Writes `rpc-clients.ts` for core: the generated client of every service, by modality. */
export function emitRpcClients(schema: Schema): void {
  const contract = readContract(schema);
  const file = schema.generateFile("rpc-clients.ts");
  const client = file.import("Client", "@connectrpc/connect", true);
  const createClient = file.import("createClient", "@connectrpc/connect");
  const transport = file.import("Transport", "@connectrpc/connect", true);
  file.print("// Generated from proto/resonite_io/v1 by `npm run generate`. Do not edit.");
  file.print();
  file.print("/** The generated client of every service, by modality. */");
  file.print("export interface RpcClients {");
  for (const { descriptor, modality, summary } of contract) {
    file.print("  /** ", escapeComment(summary), " */");
    file.print("  readonly ", modality, ": ", client, "<typeof ", file.importSchema(descriptor), ">;");
  }
  file.print("}");
  file.print();
  file.print("/** Makes the generated client of every service over one transport. */");
  file.print("export function createRpcClients(transport: ", transport, "): RpcClients {");
  file.print("  return {");
  for (const { descriptor, modality } of contract) {
    file.print("    ", modality, ": ", createClient, "(", file.importSchema(descriptor), ", transport),");
  }
  file.print("  };");
  file.print("}");
}

/** Keeps a comment from ending early. */
export function escapeComment(text: string): string {
  return text.replaceAll("*/", "*\\/");
}
