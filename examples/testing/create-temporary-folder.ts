import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

/** A folder that is removed, with all that is in it, when it is disposed of. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a new folder in `parent`, whose name begins with `prefix`. */
export async function createTemporaryFolder(parent: string, prefix: string): Promise<TemporaryFolder> {
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, prefix));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
