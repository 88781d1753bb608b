#!/usr/bin/env node
import { main } from "../dist/bin/protoc-gen-resoio-channel.js";

main();
