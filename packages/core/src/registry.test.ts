import { type DescService, getOption } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { Access, access } from "./gen/resoio/access/v1/access_pb.js";
import { type Rpc, type RpcId, rpcs, services } from "./index.js";

const allServices = Object.entries<DescService>(services);
const allRpcs = Object.entries<Rpc>(rpcs);

describe("services", () => {
  it("are the 17 of the mod, each under its name in camelCase", () => {
    expect(allServices).toHaveLength(17);
    expect(allServices.map(([modality, { typeName }]) => [modality, typeName])).toEqual(
      allServices.map(([modality]) => [
        modality,
        `resonite_io.v1.${modality.charAt(0).toUpperCase()}${modality.slice(1)}`,
      ]),
    );
  });

  it("are in alphabetical order", () => {
    expect(Object.keys(services)).toEqual(Object.keys(services).toSorted());
  });
});

describe("rpcs", () => {
  it("are the 69 of the mod: every method of every service, in the order of the contract", () => {
    expect(allRpcs).toHaveLength(69);
    expect(allRpcs.map(([, { method }]) => method)).toEqual(allServices.flatMap(([, { methods }]) => methods));
  });

  it.each(allRpcs)("%s agrees with its descriptor", (id, rpc) => {
    const { method } = rpc;
    const service: DescService = services[rpc.modality];

    expect(rpc.id).toBe(id);
    expect(id).toBe(`${rpc.modality}.${method.localName}`);
    expect(method.parent).toBe(service);
    expect(rpc.path).toBe(`/${service.typeName}/${method.name}`);
    expect(rpc.kind).toBe(method.methodKind);
    expect(rpc.access).toBe(accessNames[getOption(method, access)]);
    expect(["observe", "control", "write", "admin", "secret"]).toContain(rpc.access);
  });

  it.each<[RpcId, string]>([
    ["auth.login", "secret"],
    ["auth.logout", "admin"],
    ["camera.streamFrames", "observe"],
    ["connection.ping", "observe"],
    ["contact.listContacts", "observe"],
    ["inventory.list", "observe"],
    ["inventory.remove", "write"],
    ["lifecycle.shutdown", "admin"],
    ["locomotion.drive", "control"],
    ["session.kickUser", "admin"],
    ["world.join", "control"],
    ["world.listSessions", "observe"],
  ])("%s needs the right %s", (id, right) => {
    expect(rpcs[id].access).toBe(right);
  });

  it("cover all four kinds but bidirectional streams, which the mod has none of", () => {
    expect(rpcs["camera.streamFrames"].kind).toBe("server_streaming");
    expect(rpcs["locomotion.drive"].kind).toBe("client_streaming");
    expect(rpcs["world.join"].kind).toBe("unary");
    expect(new Set(allRpcs.map(([, { kind }]) => kind))).toEqual(
      new Set(["unary", "server_streaming", "client_streaming"]),
    );
  });
});

const accessNames: Readonly<Record<Access, string>> = {
  [Access.UNSPECIFIED]: "not annotated",
  [Access.OBSERVE]: "observe",
  [Access.CONTROL]: "control",
  [Access.WRITE]: "write",
  [Access.ADMIN]: "admin",
  [Access.SECRET]: "secret",
};
