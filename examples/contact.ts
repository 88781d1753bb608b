// Tells which contacts are online and where they are, and who asks to become one.
//
//   node examples/contact.ts            uses the mod that is running, or the one at RESONITE_IO_SOCKET; changes nothing
//   node examples/contact.ts --accept   also accepts every open request, which changes the account in the cloud
import { parseArgs } from "node:util";
import { connect } from "@resoio/node-uds";

const { values: options } = parseArgs({ options: { accept: { type: "boolean", default: false } } });

await using resonite = await connect();

const { contacts, contactCount, listLoaded } = await resonite.contact.listContacts();
if (!listLoaded) console.log("The list is not loaded: perhaps nobody is signed in, or the game has just started.");

const online = contacts.filter(({ onlineStatus, isAccepted }) => isAccepted && onlineStatus !== "offline");
console.log(`online        ${online.length} of ${contactCount} contacts`);
for (const { username, onlineStatus, currentSessionName } of online) {
  const where = currentSessionName === "" ? "" : `, in ${currentSessionName}`;
  console.log(`              ${username} (${onlineStatus}${where})`);
}

const requests = contacts.filter(({ isContactRequest }) => isContactRequest);
console.log(`requests      ${requests.map(({ username }) => username).join(", ") || "none"}`);
if (options.accept) {
  for (const { userId, username } of requests) {
    await resonite.contact.acceptRequest(userId);
    console.log(`accepted      ${username}`);
  }
} else if (requests.length > 0) {
  console.log("Nothing was changed. Add --accept to accept them all.");
}
