import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

it("works in Node's own test runner, which ends when its tests do", async () => {
  const sample = join(import.meta.dirname, "testing/node-test-sample.mjs");
  const runner = spawn(process.execPath, ["--test", "--test-reporter=tap", sample]);
  let output = "";
  runner.stdout.on("data", (text) => {
    output += text;
  });
  const [code] = await once(runner, "close");
  expect(output).toContain("# pass 2");
  expect(output).toContain("# fail 0");
  expect(code).toBe(0);
});
