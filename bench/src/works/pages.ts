import { Child } from "../processes/child.ts";
import { Rounds } from "../report/result.ts";
import { statOf } from "../report/stat.ts";
import { numbersIn } from "./numbers-in.ts";
import type { Work } from "./work.ts";

/** Many pages on one camera. */
export const pages: Work = {
  name: "pages",
  async run({ rounds, durationMs, isQuick }) {
    const measured = new Rounds();
    const cases = [
      { label: "1 page", pageCount: 1 },
      { label: "10 pages", pageCount: 10 },
      { label: "100 pages", pageCount: 100 },
      { label: "100 pages, and one that does not read", pageCount: 100, stuck: "stuck" },
    ];
    for (let round = 0; round < rounds; round++) {
      for (const { label, pageCount, stuck } of isQuick ? cases.slice(0, 2) : cases) {
        await using mod = new Child("proxy/serve.ts", ["mod"]);
        await using proxy = new Child("proxy/serve.ts", ["proxy", String(await mod.next())]);
        const url = String(await proxy.next());
        await using watchers = new Child("proxy/watch.ts", [
          url,
          pageCount,
          durationMs,
          ...(stuck === undefined ? [] : [stuck]),
        ]);
        await watchers.next();
        const before = await proxy.costs();
        const startMs = performance.now();
        const seen = numbersIn(await watchers.next(), ["slowest", "latencyP50Ms", "latencyP99Ms"]);
        const after = await proxy.costs();
        measured.add(label, {
          "pictures/s, slowest page": seen.slowest,
          "latency, ms": seen.latencyP50Ms,
          "of 1 in 100, ms": seen.latencyP99Ms,
          "proxy, cores": (after.cpuMs - before.cpuMs) / (performance.now() - startMs),
          "proxy memory, MiB": after.peakMiB,
          "upstream calls": Number(await mod.ask("open calls")),
        });
      }
    }
    return {
      work: "pages",
      title: "Pages that watch one 1280 x 720 camera as JPEG, 15 pictures a second",
      note: "The pages share one process, a fifth of which they would have each. Latency is counted from the capture.",
      rows: measured.rows(statOf),
    };
  },
};
