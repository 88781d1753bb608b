import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { InfoClient } from "../modalities/info.js";
import type { Logger } from "./logger.js";

/** The release of the mod whose contract these packages speak. */
export const contractVersion = "0.7.0";

/** What was warned of in this process. */
let isChecked = false;

/**
 * Asks the mod for its version and warns, once per process, when it is not the one that these packages were made for: major
 * and minor number must be the same. Never throws; a mod that cannot be asked is asked by the next connection.
 */
export async function checkVersion(transport: Transport, logger: Logger): Promise<void> {
  if (isChecked) return;
  try {
    const { modVersion } = await new InfoClient(transport).getServerInfo({ timeoutMs: 5_000 });
    if (isChecked) return;
    isChecked = true;
    const problem = versionProblem(modVersion);
    if (problem !== undefined) logger.warn(problem);
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    if (code !== Code.Unimplemented) {
      logger.debug(`the mod's version could not be asked for: ${rawMessage}`);
      return;
    }
    if (isChecked) return;
    isChecked = true;
    logger.warn(`the mod is too old to tell its version; these packages speak to ${contractVersion}. Update the mod.`);
  }
}

function versionProblem(modVersion: string): string | undefined {
  const [major, minor] = modVersion.split(".");
  const [ourMajor, ourMinor] = contractVersion.split(".");
  if (major === ourMajor && minor === ourMinor) return undefined;
  return (
    `version mismatch: the mod is ${modVersion}, these packages speak to ${contractVersion}. ` +
    "Update the older one; ask supports() for single RPCs."
  );
}
