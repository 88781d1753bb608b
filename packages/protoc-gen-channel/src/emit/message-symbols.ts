import type { DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";

/** How the generated file calls shape and schema of a message: as protoc-gen-es does, unless the file has its own. */
export class MessageSymbols {
  readonly #file: GeneratedFile;
  readonly #own = new Set<DescMessage>();

  constructor(file: GeneratedFile) {
    this.#file = file;
  }

  /** Says that the file declares shape and schema itself. */
  declare(message: DescMessage): void {
    this.#own.add(message);
  }

  /** The type of the message as it arrives. */
  shapeOf(message: DescMessage): Printable {
    return this.#own.has(message) ? message.name : this.#file.importShape(message);
  }

  /** Its descriptor. */
  schemaOf(message: DescMessage, { typeOnly = false } = {}): Printable {
    return this.#own.has(message) ? `${message.name}Schema` : this.#file.importSchema(message, typeOnly);
  }
}
