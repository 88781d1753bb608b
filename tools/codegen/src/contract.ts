import { type DescExtension, type DescFile, type DescMethod, type DescService, getOption } from "@bufbuild/protobuf";
import type { Schema } from "@bufbuild/protoplugin";

/** The right that an RPC needs, as it is spelled in TypeScript and in the docs. */
export type AccessName = "observe" | "control" | "write" | "admin" | "secret";

/** One RPC of the mod, with everything that our generators say about it. */
export interface ContractMethod {
  readonly descriptor: DescMethod;
  readonly access: AccessName;
  /** The first sentence of the RPC's comment, on one line. */
  readonly summary: string;
}

/** One service of the mod. */
export interface ContractService {
  readonly descriptor: DescService;
  /** The service's name in camelCase: `contextMenu`. It is the same in every package. */
  readonly modality: string;
  /** The first sentence of the service's comment, on one line. */
  readonly summary: string;
  readonly methods: readonly ContractMethod[];
}

const modPackage = "resonite_io.v1";
const accessExtension = "resoio.access.v1.access";
const accessNames: readonly AccessName[] = ["observe", "control", "write", "admin", "secret"];

/**
 * Reads the mod's services from the files that protoc handed over, sorted by name.
 *
 * Throws when an RPC has no access annotation or no comment: both are part of the contract here.
 */
export function readContract(schema: Schema): readonly ContractService[] {
  const access = findAccessExtension(schema.allFiles);
  return schema.files
    .filter((file) => file.proto.package === modPackage)
    .flatMap((file) => file.services)
    .map((service) => ({
      descriptor: service,
      modality: lowerFirst(service.name),
      summary: firstSentence(service.name, commentOf(service.file, service)),
      methods: service.methods.map((method) => ({
        descriptor: method,
        access: accessOf(method, access),
        summary: firstSentence(qualifiedName(method), commentOf(service.file, method)),
      })),
    }))
    .sort((a, b) => (a.modality < b.modality ? -1 : 1));
}

function findAccessExtension(files: readonly DescFile[]): DescExtension {
  const found = files.flatMap((file) => file.extensions).find((extension) => extension.typeName === accessExtension);
  if (found === undefined) {
    throw new Error(`no file defines the option ${accessExtension}; import resoio/access/v1/access.proto`);
  }
  return found;
}

function accessOf(method: DescMethod, extension: DescExtension): AccessName {
  const value: unknown = getOption(method, extension);
  const name = typeof value === "number" ? accessNames[value - 1] : undefined;
  if (name === undefined) {
    throw new Error(
      `${qualifiedName(method)} has no access annotation; add \`option (${accessExtension}) = ACCESS_...;\` to it`,
    );
  }
  return name;
}

function commentOf(file: DescFile, element: DescService | DescMethod): string {
  const serviceIndex = file.services.findIndex(
    (service) => service === (element.kind === "service" ? element : element.parent),
  );
  // Field numbers in FileDescriptorProto: service = 6; in ServiceDescriptorProto: method = 2.
  const path =
    element.kind === "service" ? [6, serviceIndex] : [6, serviceIndex, 2, element.parent.methods.indexOf(element)];
  const location = file.proto.sourceCodeInfo?.location.find((candidate) => candidate.path.join() === path.join());
  return location?.leadingComments ?? "";
}

function firstSentence(owner: string, comment: string): string {
  const text = comment.replaceAll(/\s+/g, " ").trim();
  const sentence = /^.*?[.](?= |$)/.exec(text)?.[0];
  if (sentence === undefined) {
    throw new Error(`the comment of ${owner} must begin with a full sentence that ends with a period`);
  }
  return sentence;
}

function qualifiedName(method: DescMethod): string {
  return `${method.parent.name}.${method.name}`;
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
