import type { z } from "zod";

/** What is wrong with one field of a scenario. */
export interface ScenarioProblem {
  /** Where, by path: `openWorlds[0].users[1].role`; empty for the whole. */
  readonly field: string;
  readonly problem: string;
}

/** Says of each issue which single field it is about; the validator reports some only at the object around it. */
export function problemsOf(error: z.ZodError): readonly ScenarioProblem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, []));
}

function problemsOfIssue(issue: z.core.$ZodIssue, outer: readonly PropertyKey[]): readonly ScenarioProblem[] {
  const path = [...outer, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ field: formatPath([...path, key]), problem: "is not known" }));
  }
  if (issue.code !== "invalid_union" || issue.errors.length === 0) {
    return [{ field: formatPath(path), problem: issue.message }];
  }
  // The form that got further than its outermost value is the one that was meant.
  const meant = issue.errors.find((issues) => issues.every((inner) => reachesInside(inner)));
  if (meant !== undefined) return meant.flatMap((inner) => problemsOfIssue(inner, path));
  const messages = new Set(issue.errors.flat().map(({ message }) => message));
  return [{ field: formatPath(path), problem: [...messages].join("; or ") }];
}

function reachesInside({ path, code }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === "unrecognized_keys";
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}
