import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { sizes } from "../content.ts";
import { Child } from "../processes/child.ts";
import { Rounds } from "../report/result.ts";
import { statOf } from "../report/stat.ts";
import { numbersIn } from "./numbers-in.ts";
import type { Work } from "./work.ts";

const { width, height } = sizes["1280x720"];
const { CHROMIUM_PATH: executablePath = "/usr/bin/chromium" } = process.env;

const ways = { "raw, WebSocket": "websocket", "raw, fetch": "fetch", JPEG: "jpeg" } as const;

/** How many pictures reach a page. */
export const proxyToChromium: Work = {
  name: "proxy-to-chromium",
  async run({ rounds, durationMs }, folder) {
    try {
      await access(executablePath);
    } catch {
      console.log(`No Chromium at ${executablePath}: set CHROMIUM_PATH. Left out.`);
      return undefined;
    }
    const files = join(folder, "page");
    await writePage(files);
    const measured = new Rounds();
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
    try {
      for (let round = 0; round < rounds; round++) {
        const socketPath = join(folder, `page-${round}.sock`);
        await using server = new Child("server/serve.ts", [socketPath, width, height]);
        await server.next();
        await using proxy = new Child("proxy/serve.ts", ["proxy", socketPath, files]);
        const url = String(await proxy.next());
        for (const [label, way] of Object.entries(ways)) {
          const page = await browser.newPage();
          await page.goto(url);
          const before = await proxy.costs();
          const expression = `measurePictures(${JSON.stringify(way)}, ${durationMs})`;
          const seen = numbersIn(await page.evaluate(expression), ["count", "elapsedMs", "allCount"]);
          const after = await proxy.costs();
          await page.close();
          measured.add(label, {
            "pictures/s": (seen.count / seen.elapsedMs) * 1_000,
            "proxy CPU per picture, ms": (after.cpuMs - before.cpuMs) / seen.allCount,
          });
        }
      }
    } finally {
      await browser.close();
    }
    return {
      work: "proxy-to-chromium",
      title: "Through the proxy to Chromium, 1280 x 720",
      note: "The mod gives frames as fast as they are taken. Chromium, the proxy and the mod share the machine.",
      rows: measured.rows(statOf),
    };
  },
};

async function writePage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, "../page/measure-pictures.ts")],
    bundle: true,
    format: "iife",
    target: "es2022",
    outfile: join(folder, "page.js"),
  });
  await writeFile(join(folder, "index.html"), `<!doctype html><title>bench</title><script src="page.js"></script>`);
}
