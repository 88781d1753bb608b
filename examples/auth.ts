// Tells who is signed in and for how long. With --sign-in it signs in, which is what a bot does first.
//
//   node examples/auth.ts             uses the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
//   node examples/auth.ts --sign-in   signs in as RESONITE_USER with RESONITE_PASSWORD (and RESONITE_TOTP, the current code
//                                     of a two-factor app, if the account has one), in place of whoever is signed in
import { parseArgs } from "node:util";
import type { AuthStatus } from "@resoio/core";
import { connect } from "@resoio/node-uds";

const { values: options } = parseArgs({ options: { "sign-in": { type: "boolean", default: false } } });

await using resonite = await connect();

print(await resonite.auth.status());

if (options["sign-in"]) {
  // From the environment, because other programs can read the command line.
  const { RESONITE_USER = "", RESONITE_PASSWORD = "", RESONITE_TOTP: totp } = process.env;
  const code = totp === undefined ? {} : { totp };
  print(await resonite.auth.login(RESONITE_USER, RESONITE_PASSWORD, { ...code, rememberMe: false }));
} else {
  console.log("Nothing was changed. Add --sign-in to sign in as RESONITE_USER.");
}

function print({ loggedIn, userName, userId, sessionExpires }: AuthStatus): void {
  console.log(`signed in     ${loggedIn ? `${userName} (${userId})` : "nobody"}`);
  if (loggedIn) console.log(`until         ${sessionExpires?.toLocaleString() ?? "unknown"}`);
}
