import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Locomotion } from "../gen/resonite_io/v1/locomotion_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { LocomotionClient } from "./locomotion.js";

describe("reset", () => {
  it("sends four times false by default, stamped, and leaves it to the mod what that means", async () => {
    const { locomotion, requests } = modWith({
      reset: () => ({ move: true, look: true, crouch: true, jump: true, unixNanos: 1_700_000_000_000_000_100n }),
    });

    expect(await locomotion.reset()).toStrictEqual({
      move: true,
      look: true,
      crouch: true,
      jump: true,
      unixNanos: 1_700_000_000_000_000_100n,
    });
    expect(requests).toMatchObject([
      { rpc: "Reset", message: { move: false, look: false, crouch: false, jump: false } },
    ]);
    expect(requests[0]?.message).toHaveProperty("unixNanos", expect.toSatisfy(isRecent));
  });

  it.each(["move", "look", "crouch", "jump"] as const)(
    "sends and returns only %s when only that is chosen",
    async (part) => {
      const { locomotion, requests } = modWith({
        reset: ({ move, look, crouch, jump }) => ({ move, look, crouch, jump, unixNanos: 1n }),
      });
      const chosen = { move: false, look: false, crouch: false, jump: false, [part]: true };

      expect(await locomotion.reset({ [part]: true })).toStrictEqual({ ...chosen, unixNanos: 1n });
      expect(requests).toMatchObject([{ message: chosen }]);
    },
  );

  it("sends move and look together", async () => {
    const { locomotion, requests } = modWith({ reset: () => ({}) });

    await locomotion.reset({ move: true, look: true });

    expect(requests).toMatchObject([{ message: { move: true, look: true, crouch: false, jump: false } }]);
  });

  it("keeps the mod's time exact", async () => {
    const { locomotion } = modWith({ reset: () => ({ unixNanos: 2n ** 63n - 1n }) });

    expect((await locomotion.reset()).unixNanos).toBe(2n ** 63n - 1n);
  });

  it("passes call options on", async () => {
    const traces: (string | null)[] = [];
    const { locomotion } = modWith({
      reset: (_, { requestHeader }) => {
        traces.push(requestHeader.get("x-trace"));
        return {};
      },
    });

    await locomotion.reset({ jump: true, headers: { "x-trace": "42" } });

    expect(traces).toEqual(["42"]);
  });

  it.each([Code.Unavailable, Code.Internal])("passes the mod's failure through unchanged (code %i)", async (code) => {
    const { locomotion } = modWith({
      reset() {
        throw new ConnectError("from the mod", code);
      },
    });

    const failure = locomotion.reset();

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({ code, rawMessage: "from the mod" });
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof Locomotion>>) {
  const { transport, requests } = fakeMod(Locomotion, handlers);
  return { locomotion: new LocomotionClient(transport), requests };
}

function isRecent(unixNanos: unknown): boolean {
  if (typeof unixNanos !== "bigint" || unixNanos % 100n !== 0n) return false;
  return Math.abs(Number(unixNanos / 1_000_000n) - Date.now()) < 60_000;
}
