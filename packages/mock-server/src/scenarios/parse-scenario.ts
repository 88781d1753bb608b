import { readFile } from "node:fs/promises";
import { ResoioError } from "@resoio/core";
import { defaultScenario } from "./default-scenario.js";
import { type Scenario, type ScenarioInput, scenarioSchema } from "./scenario.js";
import { problemsOf, type ScenarioProblem } from "./scenario-problems.js";

/** A scenario that does not fit. The message names every field that is wrong. */
export class InvalidScenarioError extends ResoioError {
  readonly code = "INVALID_SCENARIO";
  /** The fields that are wrong, by path: `openWorlds[0].users[1].role`. */
  readonly fields: readonly string[];

  constructor(source: string, problems: readonly ScenarioProblem[], cause?: unknown) {
    const lines = problems.map(({ field, problem }) => `\n  ${field === "" ? "(the whole)" : field}: ${problem}`);
    super(`${source} is not a scenario:${lines.join("")}`, cause === undefined ? undefined : { cause });
    this.fields = problems.map(({ field }) => field);
  }
}

/** Completes a scenario with its defaults. Throws {@link InvalidScenarioError}. `source` names it in the error. */
export function parseScenario(input: ScenarioInput, source = "the scenario"): Scenario {
  const result = scenarioSchema.safeParse(input);
  if (result.success) return result.data;
  throw new InvalidScenarioError(source, problemsOf(result.error), result.error);
}

/**
 * Reads a scenario from a JSON file; whatever it leaves out is as in the default scenario. Throws
 * {@link InvalidScenarioError} naming the file and the fields that are wrong.
 */
export async function readScenarioFile(path: string): Promise<Scenario> {
  const content = await readJson(path);
  const isObject = typeof content === "object" && content !== null && !Array.isArray(content);
  const result = scenarioSchema.safeParse(isObject ? { ...defaultScenario, ...content } : content);
  if (result.success) return result.data;
  throw new InvalidScenarioError(path, problemsOf(result.error), result.error);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidScenarioError(path, [{ field: "", problem }], cause);
  }
}
