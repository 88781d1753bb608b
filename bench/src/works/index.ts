import { sizes } from "../content.ts";
import { bundleSize } from "./bundle-size.ts";
import { firstFrame } from "./first-frame.ts";
import { pages } from "./pages.ts";
import { pairsWork } from "./pairs.ts";
import { proxyToChromium } from "./proxy-to-chromium.ts";
import { proxyToNode } from "./proxy-to-node.ts";
import { withNeutralServer } from "./with-neutral-server.ts";
import type { Work } from "./work.ts";

const small = { width: 16, height: 16 };
/** Here is little memory to release or to keep, and reading in Node's own way changes nothing that matters. */
const onlyPictures = ["resoio-keeping-pages", "resoio-releasing", "net-default"] as const;

/** Everything that is measured, in the order in which it is. */
export const works: readonly Work[] = [
  ...Object.entries(sizes).map(([name, size]) =>
    withNeutralServer({
      name: `camera-${name}`,
      title: `Camera ${size.width} x ${size.height}`,
      clientWork: "camera",
      unit: "frames",
      size,
    }),
  ),
  pairsWork,
  withNeutralServer({
    name: "ping",
    title: "Ping, one after the other",
    clientWork: "ping",
    unit: "pings",
    size: small,
    without: onlyPictures,
  }),
  withNeutralServer({
    name: "ping64",
    title: "Ping, 64 at a time",
    clientWork: "ping64",
    unit: "pings",
    size: small,
    without: onlyPictures,
  }),
  withNeutralServer({
    name: "listing",
    title: "A listing of 5,000 entries",
    note: "Node's http2 and the bare socket do not decode the entries.",
    clientWork: "listing",
    unit: "listings",
    size: small,
    without: onlyPictures,
  }),
  withNeutralServer({
    name: "speaker",
    title: "Speaker, 1,024 samples of two channels at a time",
    note: "47 of them in a second are what the game plays.",
    clientWork: "speaker",
    unit: "chunks",
    size: small,
    without: onlyPictures,
  }),
  withNeutralServer({
    name: "microphone",
    title: "Microphone, 960 samples at a time, 500 to a call",
    note: "50 of them in a second are what the game takes.",
    clientWork: "microphone",
    unit: "chunks",
    size: small,
    without: onlyPictures,
  }),
  proxyToNode,
  proxyToChromium,
  pages,
  firstFrame,
  bundleSize,
];
