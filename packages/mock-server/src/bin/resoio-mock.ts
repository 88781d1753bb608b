import { once } from "node:events";
import { ResoioError, rpcs } from "@resoio/core";
import { Command, Option } from "commander";
import type { MockModOptions } from "../create-mock-mod.js";
import type { FaultPlanInput } from "../faults/fault-plan.js";
import { parseFaultPlan } from "../faults/parse-fault-plan.js";
import type { PlayFileOptions } from "../playback/play-options.js";
import { readScenarioFile } from "../scenarios/parse-scenario.js";
import { isShippedScenario, shippedScenarios } from "../scenarios/shipped-scenarios.js";
import { modSocketPath } from "../server/socket-file.js";
import { startMockServer } from "../start-mock-server.js";
import { parseCut, parseFailure, parseLatency } from "./parse-fault-options.js";

/** Runs the command `resoio-mock` until it is interrupted, or until a caller shuts the simulated game down. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = createProgram();
  program.parse(argv);
  try {
    const options = program.opts<Options>();
    await using mod = await startMockServer({
      socketPath: options.socket ?? modSocketPath(process.env),
      scenario: await scenarioOf(options),
      faults: faultsOf(options),
      play: playOf(options),
    });
    const plays = mod.playback === undefined ? "" : ` and plays ${options.play}`;
    console.log(`resoio-mock listens on ${mod.socketPath}${plays} (Ctrl-C stops it)`);
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), mod.closed]);
  } catch (error) {
    if (!(error instanceof ResoioError) && !(error instanceof Error && "syscall" in error)) throw error;
    console.error(`resoio-mock: ${error.message}`);
    process.exitCode = 1;
  }
}

interface Options {
  readonly socket?: string;
  readonly scenario?: string;
  readonly modVersion?: string;
  readonly bootMs?: number;
  readonly absent?: string[];
  readonly throwing?: string[];
  readonly latency?: NonNullable<FaultPlanInput["latency"]>;
  readonly error?: NonNullable<FaultPlanInput["errors"]>;
  readonly hang?: string[];
  readonly cut?: NonNullable<FaultPlanInput["cuts"]>;
  readonly cameraFrames: boolean;
  readonly staleSockets?: number;
  readonly without?: string[];
  readonly oldMod?: boolean;
  readonly play?: string;
  readonly playSpeed?: number;
  readonly playLoop?: boolean;
  readonly playFrom?: number;
  readonly playStart?: NonNullable<PlayFileOptions["start"]>;
  readonly playElse?: NonNullable<PlayFileOptions["otherwise"]>;
  readonly playLatency?: NonNullable<PlayFileOptions["latency"]>;
  readonly playAtEnd?: NonNullable<PlayFileOptions["atEnd"]>;
}

function createProgram(): Command {
  const collect =
    <T>(parse: (text: string) => T) =>
    (text: string, all: T[] = []): T[] => [...all, parse(text)];
  const names = Object.keys(shippedScenarios).join(", ");
  return new Command("resoio-mock")
    .description("Runs a simulated Resonite IO mod on a Unix domain socket.")
    .option("-s, --socket <path>", "where to put the socket (default: where the real mod would put it)")
    .option("--scenario <name or file>", `how the game starts: ${names}, or a JSON file (default: default)`)
    .option("--mod-version <version>", "the version that the mod says it has")
    .option("--boot-ms <ms>", "how long the engine is not ready after the start", Number)
    .option("--absent <modality...>", "modalities whose bridge is missing (UNAVAILABLE)")
    .option("--throwing <modality...>", "modalities whose bridge throws (INTERNAL)")
    .option("--latency <rpc=ms+jitter>", "delays calls; * stands for every RPC; repeatable", collect(parseLatency))
    .option("--error <rpc@n=code>", "fails the n-th call; repeatable", collect(parseFailure))
    .option("--hang <rpc...>", "RPCs that never answer")
    .option("--cut <rpc@n>", "cuts the connection after n messages of an answer; repeatable", collect(parseCut))
    .option("--no-camera-frames", "a renderer that gives no pictures")
    .option("--stale-sockets <n>", "leaves sockets of dead processes beside the real one", Number)
    .option("--without <rpc...>", "RPCs that the mod does not have (UNIMPLEMENTED)")
    .option("--old-mod", "a mod from before 0.6: without the tools of the grabber")
    .option("--play <file>", "a recording that answers: camera, speaker, and the calls that were recorded")
    .option("--play-speed <factor>", "how fast it plays, from 0.1 to 8 (default: 1)", Number)
    .option("--play-loop", "begins again at the end")
    .option("--play-from <ms>", "where it begins (default: where its first call was made)", Number)
    .addOption(choice("--play-start <when>", "when it begins (default: first-call)", ["first-call", "at-once"]))
    .addOption(
      choice("--play-else <what>", "who answers what it has no answer to (default: scenario)", ["scenario", "fail"]),
    )
    .addOption(choice("--play-latency <which>", "how long its answers take (default: recorded)", ["recorded", "none"]))
    .addOption(choice("--play-at-end <what>", "what streams do at its end (default: wait)", ["wait", "close"]));
}

function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}

function playOf(options: Options): PlayFileOptions | undefined {
  const { play, playSpeed, playLoop, playFrom, playStart, playElse, playLatency, playAtEnd } = options;
  if (play === undefined) return undefined;
  return {
    recording: play,
    speed: playSpeed,
    loop: playLoop,
    fromMs: playFrom,
    start: playStart,
    otherwise: playElse,
    latency: playLatency,
    atEnd: playAtEnd,
  };
}

async function scenarioOf({ scenario = "default", modVersion }: Options): Promise<MockModOptions["scenario"] & object> {
  const start = isShippedScenario(scenario) ? shippedScenarios[scenario]() : await readScenarioFile(scenario);
  return modVersion === undefined ? start : { ...start, info: { ...start.info, modVersion } };
}

/** What the grabber gained with mod 0.6. */
const newInMod06 = [rpcs["grabber.use"], rpcs["grabber.unuse"], rpcs["grabber.equip"], rpcs["grabber.dequip"]];

function faultsOf(options: Options): FaultPlanInput {
  const { bootMs = 0, absent = [], throwing = [], latency = [], error = [], hang = [] } = options;
  const { cut = [], staleSockets = 0 } = options;
  const without = [...(options.without ?? []), ...(options.oldMod === true ? newInMod06.map(({ id }) => id) : [])];
  const plan: unknown = {
    bootMs,
    absentBridges: absent,
    throwingBridges: throwing,
    latency,
    errors: error,
    hangs: hang,
    cuts: cut,
    cameraWithoutFrames: !options.cameraFrames,
    staleSockets,
    unimplemented: without,
  };
  return parseFaultPlan(plan);
}
