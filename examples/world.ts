// Tells which worlds are open here and which sessions are the busiest. With --visit it goes to one, looks, and comes back.
//
//   node examples/world.ts                   uses the mod that is running, or the one at RESONITE_IO_SOCKET
//   node examples/world.ts --visit Gallery   joins the session with this name, where others see you come and go
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";

const { values: options } = parseArgs({ options: { visit: { type: "string" } } });

await using resonite = await connect();
const { world } = resonite;

const openWorlds = await world.listOpenWorlds();
for (const { name, userCount, focused } of openWorlds) {
  console.log(`open world    ${name} (${userCount} people)${focused ? "  <- here" : ""}`);
}

const { sessions, totalCount } = await world.listSessions({ minActiveUsers: 1 });
console.log(`sessions      ${totalCount} with somebody in them`);
for (const { name, activeUsers, maximumUsers } of sessions
  .toSorted((a, b) => b.activeUsers - a.activeUsers)
  .slice(0, 5)) {
  console.log(`              ${name} (${activeUsers} of ${maximumUsers})`);
}

if (options.visit === undefined) {
  console.log("Nothing was joined. Add --visit and a session's name to have a look at it.");
} else {
  const session = sessions.find(({ name }) => name === options.visit);
  if (session === undefined) console.log(`No session is called ${options.visit}.`);
  else await visit(session.sessionId);
}

async function visit(sessionId: string): Promise<void> {
  const home = await world.getCurrent();
  const { name, handle } = await world.join({ sessionId });
  const people = await resonite.session.listUsers();
  console.log(`visiting      ${name}: ${people.map(({ userName }) => userName).join(", ")}`);

  if (home !== undefined) console.log(`back in       ${(await world.focus(home.handle)).name}`);
  if (!openWorlds.some((open) => open.handle === handle)) await world.leave(handle);
}
