#!/usr/bin/env node
import { main } from "../dist/bin/resoio-proxy.js";

await main(process.argv);
