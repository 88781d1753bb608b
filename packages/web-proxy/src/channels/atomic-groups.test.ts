import { InvalidOptionsError } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { TestClock } from "../testing/test-clock.js";
import { AtomicGroups, type HeldMessage } from "./atomic-groups.js";
import { ChannelSendError } from "./channel-error.js";
import { conflateGroup } from "./conflate-group.js";
import type { SendOutcome } from "./outgoing.js";
import { outgoing, textOf } from "./testing/outgoing-messages.js";

describe("AtomicGroups", () => {
  describe("run", () => {
    it("makes one group of what is sent meanwhile, and none of what is sent otherwise", () => {
      const { groups, send, sent } = setUp();
      send("before");
      expect(
        groups.run(() => {
          send("a");
          send("b");
          return "result";
        }),
      ).toBe("result");
      send("behind");

      expect(sent).toEqual(["before", "[a b]", "behind"]);
    });

    it("lets nothing out before the outermost is left", () => {
      const { groups, send, sent } = setUp();
      groups.run(() => {
        send("a");
        groups.run(() => send("b"));
        expect(sent).toEqual([]);
        send("c");
      });

      expect(sent).toEqual(["[a b c]"]);
    });

    it("sends nothing for a group of nothing", () => {
      const { groups, sent } = setUp();
      groups.run(() => {});

      expect(sent).toEqual([]);
    });

    it.each([
      ["discard", ["behind"]],
      ["commit", ["[a b]", "behind"]],
    ] as const)("passes an error on, and does with what was sent what is wanted: %s", (onThrow, expected) => {
      const { groups, send, sent } = setUp();
      const failing = () =>
        groups.run(
          () => {
            send("a");
            send("b");
            throw new Error("failed");
          },
          { onThrow },
        );

      expect(failing).toThrow("failed");
      send("behind");
      expect(sent).toEqual(expected);
    });

    it("throws away only what the inner one has sent when its error is caught", () => {
      const { groups, send, sent } = setUp();
      groups.run(() => {
        send("a");
        expect(() =>
          groups.run(() => {
            send("b");
            throw new Error("failed");
          }),
        ).toThrow("failed");
        send("c");
      });

      expect(sent).toEqual(["[a c]"]);
    });

    it("refuses a function that is not through when it returns, and sends nothing of it", async () => {
      const { groups, send, sent } = setUp();
      const waiting = () =>
        groups.run(async () => {
          send("a");
          throw new Error("nobody would hear of it");
        });

      expect(waiting).toThrow(InvalidOptionsError);
      send("behind");
      expect(sent).toEqual(["behind"]);
    });

    it("refuses what would be too large where it is sent", () => {
      const { groups, send, sent } = setUp();
      expect(() => groups.run(() => ["a", "b", "c", "d", "e"].map(send))).toThrow(ChannelSendError);
      expect(() => groups.run(() => send("x".repeat(200)))).toThrow(ChannelSendError);
      const forty = () => send("x".repeat(40));
      expect(() => groups.run(() => [1, 2, 3].map(forty))).toThrow(ChannelSendError);
      expect(sent).toEqual([]);

      // What was thrown away in it takes no room.
      groups.run(() => {
        for (let round = 0; round < 3; round++) {
          expect(() =>
            groups.run(() => {
              forty();
              throw new Error("not so");
            }),
          ).toThrow("not so");
        }
        forty();
      });
      expect(sent).toHaveLength(1);
    });
  });

  describe("begin", () => {
    it("holds up nobody else, and sends the group when it is committed", () => {
      const { groups, send, sent, add } = setUp();
      const group = groups.begin();
      add(group, "a");
      send("beside");
      add(group, "b");
      group.commit();
      group.commit();

      expect(sent).toEqual(["beside", "[a b]"]);
      expect(group.isOpen).toBe(false);
    });

    it("takes nothing more when it is over, and says why", () => {
      const { groups, add } = setUp();
      const group = groups.begin();
      group.commit();

      expect(() => add(group, "late")).toThrow("Note comes too late: its group was sent");
    });

    it.each([
      ["discard", []],
      ["commit", ["[a b]"]],
    ] as const)("is not held for ever: %s", (onTimeout, expected) => {
      const { groups, add, sent, clock } = setUp();
      const group = groups.begin({ maxHoldMs: 100, onTimeout });
      add(group, "a");
      add(group, "b");
      clock.advance(99);
      expect(group.isOpen).toBe(true);
      clock.advance(1);

      expect(sent).toEqual(expected);
      expect(() => add(group, "late")).toThrow("was held for more than 100 ms");
      expect(clock.taskCount).toBe(0);
    });

    it("goes with its channel, and tells its messages that they were dropped", () => {
      const { groups, add, sent, outcomes, clock } = setUp();
      add(groups.begin(), "a");
      groups.close();

      expect(sent).toEqual([]);
      expect(outcomes).toEqual(["dropped"]);
      expect(clock.taskCount).toBe(0);
    });

    it("refuses a time that is none", () => {
      expect(() => setUp().groups.begin({ maxHoldMs: 0 })).toThrow(InvalidOptionsError);
    });
  });
});

describe("conflateGroup", () => {
  const keyed = (key: string, text: string, isInPlace = false) => outgoing(text, { key, isInPlace });

  it("leaves of each key the last: p1 q1 p2 becomes q1 p2", () => {
    expect(conflateGroup([keyed("p", "p1"), keyed("q", "q1"), keyed("p", "p2")]).map(textOf)).toEqual(["q1", "p2"]);
  });

  it("keeps the place when the message wants it: p1 q1 p2 becomes p2 q1", () => {
    expect(conflateGroup([keyed("p", "p1"), keyed("q", "q1"), keyed("p", "p2", true)]).map(textOf)).toEqual([
      "p2",
      "q1",
    ]);
  });

  it("drops what a tombstone ends, and nothing without a key", () => {
    const gone = outgoing("gone", { key: "p", removes: ["p", "colour"] });
    const messages = [keyed("p", "p1"), keyed("colour", "red"), outgoing("event"), outgoing("event"), gone];

    expect(conflateGroup(messages).map(textOf)).toEqual(["event", "event", "gone"]);
  });
});

function setUp() {
  const clock = new TestClock();
  const sent: string[] = [];
  const outcomes: SendOutcome[] = [];
  const groups = new AtomicGroups<HeldMessage>({
    commit: (held) => sent.push(`[${held.map(({ message }) => textOf(message)).join(" ")}]`),
    maxMessages: () => 4,
    maxBytes: () => 100,
    clock,
  });
  const held = (text: string): HeldMessage => {
    const message = outgoing(text);
    message.receipt = { settle: (outcome) => outcomes.push(outcome) };
    return { message };
  };
  return {
    clock,
    groups,
    sent,
    outcomes,
    send(text: string) {
      const one = held(text);
      if (!groups.hold(one)) sent.push(text);
    },
    add: (group: ReturnType<typeof groups.begin>, text: string) => group.add(held(text)),
  };
}
