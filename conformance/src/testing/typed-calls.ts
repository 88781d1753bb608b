import type { CallOptions, Resonite, RpcId } from "@resoio/core";

/** A typed call of an RPC, with arguments that the client does not refuse. Settles with the call. */
export type TypedCall = (resonite: Resonite, options?: CallOptions) => Promise<unknown>;

/** One typed call of every RPC. The compiler asks for a new row with each new RPC. */
export const typedCalls: Readonly<Record<RpcId, TypedCall>> = {
  "auth.login": ({ auth }, options) => auth.login("Robin", "correct horse", options),
  "auth.logout": ({ auth }, options) => auth.logout(options),
  "auth.status": ({ auth }, options) => auth.status(options),
  "camera.streamFrames": async ({ camera }, options) => {
    await using stream = camera.stream(options);
    await stream.next();
  },
  "connection.ping": ({ connection }, options) => connection.ping("ping", options),
  "contact.acceptRequest": ({ contact }, options) => contact.acceptRequest("U-bob", options),
  "contact.addContact": ({ contact }, options) => contact.addContact("U-carla", options),
  "contact.getContact": ({ contact }, options) => contact.getContact("U-alice", options),
  "contact.listContacts": ({ contact }, options) => contact.listContacts(options),
  "contact.removeContact": ({ contact }, options) => contact.removeContact("U-alice", options),
  "contact.searchUsers": ({ contact }, options) => contact.searchUsers("Carla", options),
  "contextMenu.close": ({ contextMenu }, options) => contextMenu.close(options),
  "contextMenu.getState": ({ contextMenu }, options) => contextMenu.getState(options),
  "contextMenu.highlight": ({ contextMenu }, options) => contextMenu.highlight(0, options),
  "contextMenu.invoke": ({ contextMenu }, options) => contextMenu.invoke(0, options),
  "contextMenu.open": ({ contextMenu }, options) => contextMenu.open(options),
  "cursor.getPosition": ({ cursor }, options) => cursor.getPosition(options),
  "cursor.release": ({ cursor }, options) => cursor.release(options),
  "cursor.setPosition": ({ cursor }, options) => cursor.setPosition(0.5, 0.5, options),
  "dash.close": ({ dash }, options) => dash.close(options),
  "dash.getState": ({ dash }, options) => dash.getState(options),
  "dash.highlight": ({ dash }, options) => dash.highlight("IDA00001", options),
  "dash.invoke": ({ dash }, options) => dash.invoke("IDA00001", options),
  "dash.listControls": ({ dash }, options) => dash.listControls(options),
  "dash.listTabs": ({ dash }, options) => dash.listTabs(options),
  "dash.open": ({ dash }, options) => dash.open(options),
  "dash.scroll": ({ dash }, options) => dash.scroll("IDA00001", options),
  "dash.setTab": ({ dash }, options) => dash.setTab({ ...options, localeKey: "Dash.Screens.Home" }),
  "display.apply": ({ display }, options) => display.apply({ ...options, maxFps: 60 }),
  "display.get": ({ display }, options) => display.get(options),
  "grabber.dequip": ({ grabber }, options) => grabber.dequip(options),
  "grabber.equip": ({ grabber }, options) => grabber.equip(options),
  "grabber.getState": ({ grabber }, options) => grabber.getState(options),
  "grabber.grab": ({ grabber }, options) => grabber.grab(options),
  "grabber.release": ({ grabber }, options) => grabber.release(options),
  "grabber.unuse": ({ grabber }, options) => grabber.unuse(options),
  "grabber.use": ({ grabber }, options) => grabber.use(options),
  "info.getServerInfo": ({ info }, options) => info.getServerInfo(options),
  "inventory.copy": ({ inventory }, options) => inventory.copy("/Inventory/Mirror", "/Inventory/Copy", options),
  "inventory.fetchThumbnail": ({ inventory }, options) => inventory.fetchThumbnail("/Inventory/Mirror", options),
  "inventory.list": ({ inventory }, options) => inventory.list("/Inventory", options),
  "inventory.makeDir": ({ inventory }, options) => inventory.makeDir("/Inventory/New", options),
  "inventory.move": ({ inventory }, options) => inventory.move("/Inventory/Mirror", "/Inventory/Moved", options),
  "inventory.remove": ({ inventory }, options) => inventory.remove("/Inventory/Mirror", options),
  "inventory.spawn": ({ inventory }, options) => inventory.spawn("/Inventory/Mirror", options),
  "lifecycle.shutdown": ({ lifecycle }, options) => lifecycle.shutdown(options),
  "locomotion.drive": async ({ locomotion }, options) => {
    const drive = locomotion.drive(options);
    drive.send({ moveForward: 1 });
    await drive.finish();
  },
  "locomotion.reset": ({ locomotion }, options) => locomotion.reset(options),
  "microphone.streamAudio": ({ microphone }, options) => microphone.stream(oneChunk(), options),
  "session.applySettings": ({ session }, options) => session.applySettings({ maxUsers: 8 }, options),
  "session.banUser": ({ session }, options) => session.banUser({ userName: "Eve" }, options),
  "session.getSettings": ({ session }, options) => session.getSettings(options),
  "session.getUserRoleOverrides": ({ session }, options) => session.getUserRoleOverrides(options),
  "session.kickUser": ({ session }, options) => session.kickUser({ userName: "Eve" }, options),
  "session.listRoles": ({ session }, options) => session.listRoles(options),
  "session.listUsers": ({ session }, options) => session.listUsers(options),
  "session.respawnUser": ({ session }, options) => session.respawnSelf(options),
  "session.setUserRole": ({ session }, options) => session.setUserRole({ local: true }, "Builder", options),
  "session.silenceUser": ({ session }, options) => session.silenceUser({ local: true }, options),
  "speaker.streamAudio": async ({ speaker }, options) => {
    await using stream = speaker.stream(options);
    await stream.next();
  },
  "world.fetchThumbnail": ({ world }, options) => world.fetchThumbnail("resdb:///thumbnail-gallery.png", options),
  "world.focus": ({ world }, options) => world.focus(1, options),
  "world.getCurrent": ({ world }, options) => world.getCurrent(options),
  "world.join": ({ world }, options) => world.join({ ...options, sessionId: "S-gallery" }),
  "world.leave": ({ world }, options) => world.leave(1, options),
  "world.listOpenWorlds": ({ world }, options) => world.listOpenWorlds(options),
  "world.listRecords": ({ world }, options) => world.listRecords(options),
  "world.listSessions": ({ world }, options) => world.listSessions(options),
  "world.startWorld": ({ world }, options) =>
    world.startWorld({ ...options, recordId: "R-empty-plane", ownerId: "U-resonite" }),
};

async function* oneChunk(): AsyncGenerator<Float32Array> {
  yield new Float32Array(480);
}
