#!/usr/bin/env node
import { main } from "../dist/bin/resoio-recording.js";

await main(process.argv);
