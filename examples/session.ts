// Tells who is in the world that you are in, what they may do, and who else may come.
//
//   node examples/session.ts   uses the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
import { connect } from "@resoio/node-uds";

await using resonite = await connect();
const { session } = resonite;

const [settings, users, { roles }] = await Promise.all([
  session.getSettings(),
  session.listUsers(),
  session.listRoles(),
]);

console.log(`world         ${settings.worldName}${settings.isHost ? ", hosted here" : ""}`);
if (settings.worldDescription !== "") console.log(`              ${settings.worldDescription}`);
console.log(`open to       ${settings.accessLevel}${settings.hideFromListing ? ", not listed" : ""}`);
console.log(`tags          ${settings.tags.join(", ") || "none"}`);
console.log(`roles         ${roles.map(({ roleName }) => roleName).join(", ")}`);

console.log(`people        ${users.length} of at most ${settings.maxUsers}`);
for (const user of users) {
  const marks = [
    user.roleName,
    user.headDevice,
    ...(user.isLocalUser ? ["you"] : []),
    ...(user.isHost ? ["host"] : []),
    ...(user.isPresentInWorld ? [] : ["away"]),
    ...(user.isSilenced ? ["silenced"] : []),
  ];
  console.log(`              ${user.userName} (${marks.filter((mark) => mark !== "").join(", ")})`);
}
