// npm start: from a fresh clone to a running program. Installs, builds, and takes a tour through a mod: the real one when
// one is running, else a simulated one.
import { install, run } from "./prepare.mjs";

install();
console.log("Building ...");
const built = run("nx", ["run-many", "-t", "build", "--outputStyle=static"], { stdio: ["ignore", "pipe", "inherit"] });
if (built !== 0) {
  // Once more, with the compiler's words.
  process.exit(run("nx", ["run-many", "-t", "build", "--outputStyle=static"]));
}
process.exit(run("node", ["examples/tour.ts", ...process.argv.slice(2)]));
