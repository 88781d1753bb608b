#!/usr/bin/env node
import { main } from "../dist/bin/resoio-channel.js";

process.exitCode = main(process.argv.slice(2));
