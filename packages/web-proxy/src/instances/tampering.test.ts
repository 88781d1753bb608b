import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leavesOf, otherValue, withChange } from "../testing/change-json.js";
import { type OpenWorldServer, openWorldServer } from "../testing/open-world-server.js";
import { decodeSignature } from "../world/keys.js";
import {
  getInstance,
  listInstances,
  resolveWorld,
  type VerifiedWorld,
  WorldServerError,
  WorldVerificationError,
} from "./index.js";

/** What a server on the way makes of an answer. */
type Tamper = (text: string) => string;

describe("a server in the middle that changes answers", () => {
  let server: OpenWorldServer;
  let world: VerifiedWorld;
  let instanceId: string;
  let answers: { readonly resolve: string; readonly list: string; readonly get: string };

  beforeAll(async () => {
    server = await openWorldServer({ world: { description: "A world", tags: ["a", "b"], expiresAt: 4_000_000_000 } });
    for (const name of ["One", "Two"]) server.addEngine(name);
    world = await resolveWorld(server.address);
    instanceId = (await listInstances(world))[0]?.id ?? "";
    answers = {
      resolve: await textOf((fetch) => resolveWorld(server.address, { fetch })),
      list: await textOf((fetch) => listInstances(world, { fetch })),
      get: await textOf((fetch) => getInstance(world, instanceId, { fetch })),
    };
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  /** The same questions, with that server in between. */
  const questions = {
    resolve: (tamper: Tamper) => resolveWorld(server.address, { fetch: answering(tamper(answers.resolve)) }),
    list: (tamper: Tamper) => listInstances(world, { fetch: answering(tamper(answers.list)) }),
    get: (tamper: Tamper) => getInstance(world, instanceId, { fetch: answering(tamper(answers.get)) }),
  };
  const names = ["resolve", "list", "get"] as const;

  it.each(names)("is of no avail in %s when it changes nothing", async (name) => {
    await expect(questions[name]((text) => text)).resolves.toBeDefined();
  });

  it.each(names)("is noticed in %s, whatever field it changes", async (name) => {
    const original: unknown = JSON.parse(answers[name]);
    const leaves = leavesOf(original).filter(([first]) => first !== "status");
    expect(leaves.length).toBeGreaterThan(name === "get" ? 13 : 25);
    for (const path of leaves) {
      await fc.assert(
        fc.asyncProperty(otherValue, async (change) => {
          const text = JSON.stringify(withChange(original, path, change));
          if (isSameMeaning(text, answers[name])) return;
          await expectRefusal(questions[name](() => text));
        }),
        { numRuns: 4 },
      );
    }
  });

  it.each(names)("is noticed in %s, whatever field it takes away or adds", async (name) => {
    const original: unknown = JSON.parse(answers[name]);
    for (const path of leavesOf(original)) {
      if (path[0] === "status") continue;
      const parent = path.slice(0, -1);
      const without = withChange(original, path, () => undefined);
      await expectRefusal(questions[name](() => JSON.stringify(without)));
      const isOutside = !parent.some((step) => ["manifest", "modules", "instance", "instances"].includes(String(step)));
      const isUnsigned = isOutside || parent.at(-1) === "modules" || isEnvelopeOfModule(parent);
      if (isUnsigned) continue;
      const added = withChange(original, parent, (old) =>
        Array.isArray(old) ? [...old, "x"] : { ...Object(old), extra: 1 },
      );
      await expectRefusal(questions[name](() => JSON.stringify(added)));
    }
  });

  it.each(names)("is noticed in %s, whatever byte it changes", async (name) => {
    const bytes = Buffer.from(answers[name]);
    // The status of a success may be any, and is signed by nobody.
    const from = bytes.indexOf('"payload"');
    const place = fc.tuple(fc.integer({ min: from, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(place, async ([index, mask]) => {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ mask;
        const text = changed.toString();
        if (isSameMeaning(text, answers[name])) return;
        await expectRefusal(questions[name](() => text));
      }),
      { numRuns: 300 },
    );
  });

  it("cannot pass one instance off as another", async () => {
    const { instances, signatures } = JSON.parse(answers.list).payload;
    const [, other] = instances;
    const swapped = {
      status: "status+me.virmesh.success.x",
      payload: { instance: other, signature: signatures[other.id] },
    };
    await expect(getInstance(world, instanceId, { fetch: answering(JSON.stringify(swapped)) })).rejects.toMatchObject({
      code: "INSTANCE_MISMATCH",
    });
  });
});

/** Whether two answers say the same: other white space, a signature in another encoding, or a field that nobody reads. */
function isSameMeaning(one: string, other: string): boolean {
  try {
    const [first, second] = [JSON.parse(one), JSON.parse(other)];
    return JSON.stringify(normal(first)) === JSON.stringify(normal(second));
  } catch {
    return false;
  }
}

function normal(value: unknown): unknown {
  if (typeof value === "string") return decodeSignature(value)?.join() ?? value;
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, normal(field)]));
}

/** Beside the payload and the signature of a module, nothing is read and nothing signed. */
function isEnvelopeOfModule(path: readonly (string | number)[]): boolean {
  return path.at(-2) === "modules";
}

async function expectRefusal(asking: Promise<unknown>): Promise<void> {
  const error = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const isRefusal =
    error instanceof WorldVerificationError ||
    (error instanceof WorldServerError && error.code === "MALFORMED_RESPONSE");
  expect(isRefusal, String(error)).toBe(true);
}

function answering(text: string): typeof fetch {
  return async () => new Response(text);
}

async function textOf(ask: (fetching: typeof fetch) => Promise<unknown>): Promise<string> {
  let text = "";
  await ask(async (input, init) => {
    text = await (await fetch(input, init)).text();
    return new Response(text);
  });
  return text;
}
