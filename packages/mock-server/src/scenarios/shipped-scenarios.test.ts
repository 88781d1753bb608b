import { services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { openMod } from "../testing/open-mod.js";
import { defaultScenario } from "./default-scenario.js";
import { parseScenario } from "./parse-scenario.js";
import type { ScenarioInventoryNode } from "./parts/inventory.js";
import { isShippedScenario, shippedScenarios } from "./shipped-scenarios.js";

const names = Object.keys(shippedScenarios).filter(isShippedScenario);

function countItems(nodes: readonly ScenarioInventoryNode[]): number {
  return nodes.reduce((sum, { kind, children }) => sum + countItems(children) + (kind === "directory" ? 0 : 1), 0);
}

describe("the scenarios that come along", () => {
  it("are known by name, and no others", () => {
    expect(names).toEqual(["default", "empty", "not-host", "signed-out", "crowd"]);
    for (const name of ["toString", "Default", ""]) expect(isShippedScenario(name)).toBe(false);
  });

  it.each(names)("%s starts, draws a picture and answers", async (name) => {
    await using test = await openMod({ scenario: shippedScenarios[name]() });
    expect(test.engine.draw().pixels.length).toBe(1280 * 720 * 4);
    const { hasWorld } = await test.raw.unary(services.world.method.getCurrent, {});
    expect(hasWorld).toBe(name !== "empty");
    const { listLoaded } = await test.raw.unary(services.contact.method.listContacts, {});
    expect(listLoaded).toBe(name !== "empty" && name !== "signed-out");
  });

  it("are the same each time", () => {
    for (const name of names) expect(shippedScenarios[name]()).toEqual(shippedScenarios[name]());
  });

  it("crowd has a thousand sessions, ten thousand contacts and five thousand things", () => {
    const { sessions, contacts, inventory } = parseScenario({ ...defaultScenario, ...shippedScenarios.crowd() });
    expect([sessions.length, contacts.length, countItems(inventory)]).toEqual([1000, 10_000, 5000]);
    expect(new Set(sessions.map(({ sessionId }) => sessionId)).size).toBe(1000);
    expect(sessions.every(({ users, maximumUsers }) => users.length <= maximumUsers)).toBe(true);
  });
});
