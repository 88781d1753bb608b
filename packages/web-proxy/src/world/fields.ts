import { ResoioError } from "@resoio/core";

/** An object that lacks a field, or has one of the wrong type. */
export class MalformedObjectError extends ResoioError {
  readonly code = "MALFORMED_OBJECT";
  /** Where in the object: `manifest.hostingDelegation.payload.issuedAt`. */
  readonly path: string;

  constructor(path: string, expected: string) {
    super(`${path} must be ${expected}`);
    this.path = path;
  }
}

/** A JSON object whose fields nobody has looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads the fields of one object. Every method throws {@link MalformedObjectError} for what is not as it says. */
export class Fields {
  readonly #object: JsonObject;
  readonly #path: string;

  /** @param path What messages call the object. */
  constructor(value: unknown, path: string) {
    if (!isJsonObject(value)) throw new MalformedObjectError(path, "an object");
    this.#object = value;
    this.#path = path;
  }

  /** All of them, also those that nobody knows. */
  get all(): JsonObject {
    return this.#object;
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#fail(name, "a text");
  }

  optionalText(name: string): string | undefined {
    const value = this.#get(name);
    return value === undefined || typeof value === "string" ? value : this.#fail(name, "a text");
  }

  wholeNumber(name: string): number {
    return this.optionalWholeNumber(name) ?? this.#fail(name, "a whole number");
  }

  optionalWholeNumber(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      return this.#fail(name, "a whole number from 0 to 2^53-1");
    }
    return value;
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.#get(name);
    return value === undefined || typeof value === "boolean" ? value : this.#fail(name, "true or false");
  }

  texts(name: string): readonly string[] {
    return this.optionalTexts(name) ?? this.#fail(name, "a list of texts");
  }

  optionalTexts(name: string): readonly string[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    return isTexts(value) ? value : this.#fail(name, "a list of texts");
  }

  /** The fields of an object inside this one. */
  object(name: string): Fields {
    return new Fields(this.#get(name), `${this.#path}.${name}`);
  }

  /** The items of a list, each with the path by which messages call it. */
  list(name: string): readonly { readonly value: unknown; readonly path: string }[] {
    const value = this.#get(name);
    if (!Array.isArray(value)) return this.#fail(name, "a list");
    return value.map((item: unknown, index) => ({ value: item, path: `${this.#path}.${name}[${index}]` }));
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  #get(name: string): unknown {
    return this.has(name) ? this.#object[name] : undefined;
  }

  #fail(name: string, expected: string): never {
    throw new MalformedObjectError(`${this.#path}.${name}`, expected);
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
