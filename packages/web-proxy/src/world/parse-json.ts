import { ResoioError } from "@resoio/core";

/** A text that is not JSON, or could be read in two ways. */
export class InvalidJsonError extends ResoioError {
  readonly code = "INVALID_JSON";
}

/** How deep values may be nested: far deeper than anything that is signed, and shallow enough for every recursive reader. */
const maxDepth = 64;

/** In a text that `JSON.parse` accepts, everything that is not white space, a number or a literal. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/**
 * Parses JSON of which a signature may be made. Unlike `JSON.parse` it refuses an object with two fields of the same name, which
 * another reader may understand otherwise, and values nested deeper than 64 times.
 *
 * Throws {@link InvalidJsonError}.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidJsonError("the text is not JSON", { cause });
  }
  checkNesting(text);
  return value;
}

/** The fields of each open object, the innermost last; `undefined` for an array. */
type Open = Set<string> | undefined;

function checkNesting(text: string): void {
  const open: Open[] = [];
  let lastString: string | undefined;
  for (const [token] of text.matchAll(tokens)) {
    if (token === "{" || token === "[") {
      open.push(token === "{" ? new Set() : undefined);
      if (open.length > maxDepth) throw new InvalidJsonError(`the JSON is nested deeper than ${maxDepth} times`);
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token === ":") {
      addField(open.at(-1), lastString ?? "");
    } else if (token !== ",") {
      lastString = token;
    }
  }
}

function addField(fields: Open, token: string): void {
  // Escapes can hide that two names are the same.
  const name: unknown = JSON.parse(token);
  if (fields === undefined || typeof name !== "string") return;
  if (fields.has(name))
    throw new InvalidJsonError(`an object has two fields named ${JSON.stringify(name.slice(0, 100))}`);
  fields.add(name);
}
