#!/usr/bin/env node
import { main } from "../dist/bin/resoio-mock.js";

await main(process.argv);
