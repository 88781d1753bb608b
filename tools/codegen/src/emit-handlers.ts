import type { Schema } from "@bufbuild/protoplugin";
import { readContract } from "./contract.ts";
import { escapeComment } from "./emit-registry.ts";

/**
 * Writes `handlers.ts` for the simulated mod: one interface per service that names every RPC, so that an RPC which is
 * added to the contract does not compile until it is handled.
 */
export function emitHandlers(schema: Schema): void {
  const contract = readContract(schema);
  const file = schema.generateFile("handlers.ts");
  const methodImpl = file.import("MethodImpl", "@connectrpc/connect", true);
  const servicesType = file.import("services", "@resoio/core", true);
  const services = file.import("services", "@resoio/core");
  const createServiceImplSpec = file.import("createServiceImplSpec", "@connectrpc/connect");
  const serviceImplSpec = file.import("ServiceImplSpec", "@connectrpc/connect", true);
  file.print("// Generated from proto/resonite_io/v1 by `npm run generate`. Do not edit.");
  for (const service of contract) {
    file.print();
    file.print("/** ", escapeComment(service.summary), " */");
    file.print("export interface ", service.descriptor.name, "Handlers {");
    for (const { descriptor, access, summary } of service.methods) {
      const kind = descriptor.methodKind.replace("_", " ");
      file.print("  /** ", escapeComment(summary), " (", kind, ", ", access, ") */");
      file.print(
        ...["  ", descriptor.localName, ": ", methodImpl, "<(typeof ", servicesType],
        ...['["', service.modality, '"])["method"]["', descriptor.localName, '"]>;'],
      );
    }
    file.print("}");
  }
  file.print();
  file.print("/** The handlers of the whole mod, by modality. */");
  file.print("export interface Handlers {");
  for (const service of contract) {
    file.print("  ", service.modality, ": ", service.descriptor.name, "Handlers;");
  }
  file.print("}");
  file.print();
  file.print("/** Puts each service's descriptor to its handlers. Modalities without handlers are left out. */");
  file.print("export function toServiceSpecs(handlers: Partial<Handlers>): ", serviceImplSpec, "[] {");
  file.print("  const specs: ", serviceImplSpec, "[] = [];");
  for (const { modality } of contract) {
    const type = ["<typeof ", services, ".", modality, ">"];
    const call = [createServiceImplSpec, ...type, "(", services, ".", modality, ", handlers.", modality, ")"];
    file.print("  if (handlers.", modality, " !== undefined) {");
    file.print("    specs.push(", ...call, ");");
    file.print("  }");
  }
  file.print("  return specs;");
  file.print("}");
}
