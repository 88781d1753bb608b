import { describe, expect, it } from "vitest";
import { ClientRooms } from "./client-rooms.js";

describe("the rooms of a client", () => {
  it("are those that it has chosen, and those that the server has put it into, which it does not ask for", () => {
    const rooms = new ClientRooms(["a"]);
    expect(rooms.welcome(["a", "given"])).toEqual({ join: [], leave: [] });

    expect([...rooms.all]).toEqual(["a", "given"]);
    expect([...rooms.chosen]).toEqual(["a"]);
    expect([rooms.join("given"), rooms.join("b"), rooms.leave("nowhere"), rooms.leave("a")]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect([...rooms.all]).toEqual(["given", "b"]);
    expect([...rooms.chosen]).toEqual(["b"]);
  });

  it("are made up for with the welcome, where the server had not heard of a change", () => {
    const rooms = new ClientRooms(["a", "b"]);
    rooms.welcome(["a", "b", "given"]);
    rooms.leave("a");
    rooms.leave("given");
    rooms.join("c");
    rooms.leave("b");
    rooms.join("b");

    expect(rooms.welcome(["a", "b", "given"])).toEqual({ join: ["c"], leave: ["a", "given"] });
    expect([...rooms.all]).toEqual(["b", "c"]);
    // Once is enough: the server may put it there again.
    expect(rooms.welcome(["b", "c", "given"])).toEqual({ join: [], leave: [] });
    expect([...rooms.all]).toEqual(["b", "c", "given"]);
  });
});
