import { expect, it } from "vitest";
import { Application } from "./testing/application.js";

const board = `
syntax = "proto3";
package board.v1;
import "resoio/channel/v1/options.proto";
option (resoio.channel.v1.channel) = {name: "robot-arm"};

// What an agent thinks. Ends no comment with */ too early.
message Thought {
  option (resoio.channel.v1.message) = {tag: 1, direction: DIRECTION_DOWN};
  string agent = 1 [(resoio.channel.v1.key) = true];
  int64 at = 2;
}`;

it("writes a channel that compiles as strictly as our own code", { timeout: 60_000 }, () => {
  using application = new Application({ "board/v1/board.proto": board });

  expect(application.generate()).toEqual({ status: 0, output: "" });
  expect(application.read("src/gen/board/v1/robot_arm_channel.ts")).toContain("export const robotArmChannel");
  expect(application.compile()).toEqual({ status: 0, output: "" });
});
