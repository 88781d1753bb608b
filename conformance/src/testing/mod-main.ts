// A simulated mod in a process of its own, for tests that kill it. Says when it listens, then answers questions about its game.
import { modSocketPath, startMockServer } from "@resoio/mock-server";
import type { ModQuestion, ModReport } from "./mod-process.ts";

const mod = await startMockServer({
  socketPath: modSocketPath(process.env),
  scenario: { display: { width: 16, height: 16 }, cameraFps: 200, places: {} },
  // A call that is always under way when the process is killed.
  faults: { hangs: ["info.getServerInfo"] },
});

process.on("message", (question: ModQuestion) => void answer(question));
// The test is gone.
process.once("disconnect", () => void mod.close());
process.send?.("listening");

async function answer(question: ModQuestion): Promise<void> {
  const { engine } = mod;
  if (question === "driven") await engine.until(({ state }) => state.locomotion.moveForward > 0);
  const { locomotion, avatar } = engine.state;
  const { x, y, z } = avatar.position;
  const calls = engine.journal.entries.flatMap((entry) => (entry.kind === "call" ? [entry.rpc] : []));
  const report: ModReport = {
    moveForward: locomotion.moveForward,
    position: { x, y, z },
    wasCommanded: locomotion.unixNanos !== 0n,
    endedRpcs: [...new Set(calls)],
    openCalls: mod.openCalls,
  };
  process.send?.(report);
}
