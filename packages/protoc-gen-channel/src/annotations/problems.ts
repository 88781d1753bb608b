import type { DescField, DescFile, DescMessage } from "@bufbuild/protobuf";

/** Annotations that no channel can be made of. The message is one sentence per problem, each on a line of its own. */
export class AnnotationError extends Error {
  override readonly name = "AnnotationError";
}

/** Collects what is wrong, so that an author learns all of it at once. */
export class Problems {
  readonly #sentences: string[] = [];

  /** `where` is the element that has to be changed; `what` goes on after its name: `has no tag: give it one`. */
  add(where: DescFile | DescMessage | DescField, what: string): void {
    this.#sentences.push(`${describePlace(where)} ${what}`);
  }

  /** Throws {@link AnnotationError} when there is anything. */
  throwIfAny(): void {
    if (this.#sentences.length > 0) throw new AnnotationError(this.#sentences.join("\n"));
  }
}

/** The path of a file as it is written in an import. */
export function protoPathOf(file: DescFile): string {
  return `${file.name}.proto`;
}

/** The name of a message as its file calls it: `Outer.Inner`. */
export function nameInFile(message: DescMessage): string {
  return message.parent === undefined ? message.name : `${nameInFile(message.parent)}.${message.name}`;
}

function describePlace(where: DescFile | DescMessage | DescField): string {
  if (where.kind === "file") return `${protoPathOf(where)}: the file`;
  if (where.kind === "message") return `${protoPathOf(where.file)}: message ${nameInFile(where)}`;
  return `${protoPathOf(where.parent.file)}: field ${where.name} of message ${nameInFile(where.parent)}`;
}
