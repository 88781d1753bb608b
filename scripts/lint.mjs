// npm run lint: style, boundaries between packages, types, the contract's own rules, and generated code that is stale.
import { install, runTarget } from "./prepare.mjs";

install();
process.exit(runTarget("lint", "typecheck"));
