import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of one test, removed with all that is in it when the test is over. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  /** The path of `name` in this folder. */
  file(name: string): string;
}

export async function makeTempFolder(): Promise<TempFolder> {
  // Short, because a socket's path must fit into about a hundred bytes.
  const path = await mkdtemp(join(tmpdir(), "uds-"));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
