import {
  clone,
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { MalformedRecordingError } from "../errors/malformed-recording-error.js";

/**
 * The `FileDescriptorSet` that describes a message and everything in it, as MCAP wants it for the encoding `protobuf`. Services and
 * extensions are left out: no message needs them to be read.
 */
export function encodeDescriptorSet(schema: DescMessage): Uint8Array {
  const files = collectFiles(schema.file);
  const names = new Set(files.map(({ proto }) => proto.name));
  return toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, {
      file: files.map(({ proto }) => {
        const lean = clone(FileDescriptorProtoSchema, proto);
        lean.dependency = proto.dependency.filter((name) => names.has(name));
        lean.publicDependency = [];
        lean.weakDependency = [];
        lean.service = [];
        lean.extension = [];
        delete lean.sourceCodeInfo;
        return lean;
      }),
    }),
  );
}

/**
 * The message that a schema of a recording describes.
 *
 * Throws {@link MalformedRecordingError} when it does not.
 */
export function decodeDescriptorSet(typeName: string, data: Uint8Array): DescMessage {
  let found: DescMessage | undefined;
  let cause: unknown;
  try {
    found = createFileRegistry(fromBinary(FileDescriptorSetSchema, data)).getMessage(typeName);
  } catch (error) {
    cause = error;
  }
  if (found !== undefined) return found;
  throw new MalformedRecordingError(`the recording does not say what a ${typeName} is`, { cause });
}

/** The files of all types in `root`, each after those that it needs. */
function collectFiles(root: DescFile): readonly DescFile[] {
  const found = new Set<DescFile>();
  const visit = (file: DescFile): void => {
    if (found.has(file)) return;
    // Added first, against files that need each other; put in order below.
    found.add(file);
    for (const message of messagesOf(file.messages)) {
      for (const field of message.fields) {
        if (field.message !== undefined) visit(field.message.file);
        if (field.enum !== undefined) visit(field.enum.file);
      }
    }
  };
  visit(root);
  const sorted = new Set<DescFile>();
  const sort = (file: DescFile): void => {
    for (const dependency of file.dependencies) if (found.has(dependency)) sort(dependency);
    sorted.add(file);
  };
  for (const file of found) sort(file);
  return [...sorted];
}

function* messagesOf(messages: readonly DescMessage[]): Generator<DescMessage> {
  for (const message of messages) {
    yield message;
    yield* messagesOf(message.nestedMessages);
  }
}
