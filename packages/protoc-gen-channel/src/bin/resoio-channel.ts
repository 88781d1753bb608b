import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { CheckError } from "../check/check-error.js";
import { findStale } from "../check/find-stale.js";
import { generateFromDescriptors } from "../check/generate-from-descriptors.js";
import { generateWithBuf } from "../check/generate-with-buf.js";

const usage = `resoio-channel check: fails when generated files are not what the .proto files make now, and says how they differ

  resoio-channel check                                   runs buf generate with buf.gen.yaml, into a temporary folder
  resoio-channel check --template proto/buf.gen.yaml     with another template
  resoio-channel check --descriptors set.binpb --out src/gen [--opt target=ts,import_extension=js]
                                                         without buf: the channels of what protoc wrote with
                                                         --include_imports --include_source_info --descriptor_set_out=set.binpb

  --root FOLDER    where paths begin. Default: here`;

/** Where the command writes to. */
export type Output = Pick<Console, "log" | "error">;

/**
 * Runs the command `resoio-channel`. Returns its exit code: 0 fresh, 1 stale, 2 it could not be checked.
 *
 * @param output Default: the console.
 */
export function main(args: readonly string[], output: Output = console): number {
  try {
    return run(args, output);
  } catch (error) {
    if (!(error instanceof CheckError) && !(error instanceof TypeError && "code" in error)) throw error;
    output.error(`resoio-channel: ${error.message}`);
    return 2;
  }
}

function run(args: readonly string[], output: Output): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      template: { type: "string", default: "buf.gen.yaml" },
      root: { type: "string", default: "." },
      descriptors: { type: "string" },
      out: { type: "string" },
      opt: { type: "string", default: "target=ts" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    output.log(usage);
    return values.help ? 0 : 2;
  }
  if (positionals.join(" ") !== "check")
    throw new CheckError(`there is no command ${positionals.join(" ")}; see --help`);
  const root = resolve(values.root);
  const stale = findStale(root, generate(root, values));
  for (const { path, kind, differences } of stale) {
    output.error([`${kind}: ${path}`, ...differences.map((line) => `  ${line}`)].join("\n"));
  }
  if (stale.length === 0) return 0;
  output.error("Generated files do not match the .proto files. Generate them again and commit the result.");
  return 1;
}

function generate(
  root: string,
  options: {
    readonly template: string;
    readonly descriptors?: string | undefined;
    readonly out?: string | undefined;
    readonly opt: string;
  },
) {
  if (options.descriptors === undefined) return generateWithBuf(root, options.template);
  if (options.out === undefined)
    throw new CheckError("--descriptors needs --out: the folder that the channels are generated to");
  return generateFromDescriptors(resolve(root, options.descriptors), options.out, options.opt);
}
