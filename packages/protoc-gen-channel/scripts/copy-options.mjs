// Puts the options that applications import beside the plugin that reads them, as files of the package.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../proto");
rmSync(folder, { recursive: true, force: true });
cpSync(join(import.meta.dirname, "../../../proto/resoio/channel"), join(folder, "resoio/channel"), { recursive: true });
