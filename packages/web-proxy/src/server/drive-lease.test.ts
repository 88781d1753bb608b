import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { services } from "@resoio/core";
import { LocomotionCommandSchema } from "@resoio/core/gen/resonite_io/v1/locomotion_pb";
import { describe, expect, it } from "vitest";
import { FakeUpstream } from "../testing/fake-upstream.js";
import { hubClient } from "../testing/hub-client.js";
import { RecordedCall } from "../testing/recorded-call.js";
import { TestClock } from "../testing/test-clock.js";
import { takeOverHeader } from "./drive-lease.js";
import { createHub } from "./hub.js";

const method = services.locomotion.method.drive;
const left = new ConnectError("left", Code.Canceled);
const command = Uint8Array.of(13, 0, 0, 128, 63);

interface DriveOptions {
  readonly client?: ReturnType<typeof hubClient>;
  readonly header?: Headers;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

function setUp() {
  const upstream = new FakeUpstream();
  const clock = new TestClock();
  const hub = createHub(upstream, { clock });
  const drive = ({ client, ...request }: DriveOptions = {}) => new RecordedCall(hub, { ...request, method }, client);
  const takeOver = (options: DriveOptions = {}) =>
    drive({
      client: hubClient(["control", "admin"]),
      header: new Headers({ [takeOverHeader]: "true", "x-own": "1" }),
      ...options,
    });
  return { upstream, clock, hub, drive, takeOver };
}

describe("driving through the hub", () => {
  it("passes commands and the summary through", () => {
    const { hub, upstream, drive } = setUp();
    const driver = drive();
    expect(driver.isOpen).toBe(true);
    expect(hub.stats().driver).toBe(driver.client.id);

    driver.call.send(command);
    driver.call.halfClose();
    upstream.openCall.announce(new Headers({ "x-mod": "7" }));
    upstream.openCall.emit(Uint8Array.of(8, 1));
    upstream.calls[0]?.trailer.set("x-end", "1");
    upstream.openCall.end();

    expect(upstream.calls[0]).toMatchObject({ sent: [command], isHalfClosed: true });
    expect(driver.messages).toEqual([Uint8Array.of(8, 1)]);
    expect(driver.call.header.get("x-mod")).toBe("7");
    expect(driver.call.trailer.get("x-end")).toBe("1");
    expect(driver.end).toEqual({ error: undefined, code: undefined, isOwnDoing: false });
    expect(hub.stats().driver).toBeUndefined();
  });

  it("refuses a second client, and does not disturb the first", () => {
    const { hub, upstream, drive } = setUp();
    const driver = drive();

    const second = drive();

    expect(second.end).toMatchObject({ code: Code.FailedPrecondition, isOwnDoing: false });
    expect(second.end?.error?.rawMessage).toContain("another client drives");
    expect(driver.end).toBeUndefined();
    expect(upstream.calls).toHaveLength(1);
    expect(hub.stats().driver).toBe(driver.client.id);
  });

  it("refuses a second drive of the same client, and says so", () => {
    const { drive } = setUp();
    const { client } = drive();

    expect(drive({ client }).end?.error?.rawMessage).toContain("this client drives already");
  });

  it.each<[string, (setup: ReturnType<typeof setUp>) => void]>([
    ["is cancelled", ({ drive }) => drive().call.cancel(left)],
    [
      "is aborted by its signal",
      ({ drive }) => {
        const controller = new AbortController();
        drive({ signal: controller.signal });
        controller.abort();
      },
    ],
    ["begins with an aborted signal", ({ drive }) => drive({ signal: AbortSignal.abort() })],
    [
      "is ended by the mod in good order",
      ({ drive, upstream }) => {
        drive().call.halfClose();
        upstream.openCall.end();
      },
    ],
    [
      "is ended by the mod early",
      ({ drive, upstream }) => {
        drive();
        upstream.openCall.end();
      },
    ],
    [
      "fails",
      ({ drive, upstream }) => {
        drive();
        upstream.openCall.end(new ConnectError("gone", Code.Unavailable));
      },
    ],
    [
      "is taken over, and who took over leaves",
      ({ drive, takeOver, upstream }) => {
        drive();
        const second = takeOver();
        upstream.openCall.end();
        second.call.cancel(left);
      },
    ],
    [
      "waits after a take-over and leaves",
      ({ drive, takeOver, upstream }) => {
        drive();
        takeOver().call.cancel(left);
        upstream.openCall.end();
      },
    ],
  ])("lets another drive when the drive %s", (_, end) => {
    const setup = setUp();
    end(setup);
    expect(setup.hub.stats().driver).toBeUndefined();
    expect(setup.upstream.openCalls).toHaveLength(0);

    const next = setup.drive();

    expect(next).toMatchObject({ isOpen: true, end: undefined });
    expect(setup.upstream.openCalls).toHaveLength(1);
    expect(setup.upstream.mostOpenCalls).toBe(1);
    expect(setup.clock.taskCount).toBe(0);
  });

  it("lets another drive when the time of the drive is up", async () => {
    const { upstream, drive } = setUp();

    const end = await drive({ timeoutMs: 1 }).ended();

    expect(end).toMatchObject({ code: Code.DeadlineExceeded, isOwnDoing: true });
    expect(upstream.calls[0]?.cancelledWith?.code).toBe(Code.DeadlineExceeded);
    expect(drive()).toMatchObject({ isOpen: true, end: undefined });
  });

  it("lets another drive from within the end of the drive", () => {
    const { drive } = setUp();
    const driver = drive();
    let next: RecordedCall | undefined;
    driver.onEnd = () => {
      next = drive();
    };

    driver.call.cancel(left);

    expect(next).toMatchObject({ isOpen: true, end: undefined });
  });

  it("cancels upstream, which makes the mod stop the avatar, when the driver cancels", () => {
    const { upstream, drive } = setUp();
    drive().call.cancel(left);
    expect(upstream.calls[0]).toMatchObject({ cancelledWith: left, isHalfClosed: false });
  });

  it("tells the mod the time that the drive may take, and no secret of ours", () => {
    const { upstream, takeOver } = setUp();
    takeOver({ timeoutMs: 60_000 });

    const { request } = upstream.openCall;

    expect(request.timeoutMs).toBe(60_000);
    expect([...(request.header ?? [])]).toEqual([["x-own", "1"]]);
  });
});

describe("taking over", () => {
  it("ends the first drive with Aborted and begins when the avatar stands still", () => {
    const { hub, upstream, drive, takeOver } = setUp();
    const first = drive();
    first.call.send(command);

    const second = takeOver();

    expect(first.end).toMatchObject({ code: Code.Aborted, isOwnDoing: false });
    const [before] = upstream.calls;
    expect(before).toMatchObject({ isHalfClosed: true, cancelledWith: undefined });
    const [, last] = before?.sent ?? [];
    expect(fromBinary(LocomotionCommandSchema, last ?? new Uint8Array(0))).toMatchObject({
      moveForward: 0,
      moveRight: 0,
      moveUp: 0,
      yawRate: 0,
      pitchRate: 0,
      velocity: 1,
      crouch: 0,
    });
    expect(second).toMatchObject({ isOpen: false, end: undefined });
    expect(hub.stats().driver).toBe(second.client.id);

    upstream.openCall.emit(Uint8Array.of(8, 2));
    upstream.openCall.end();
    expect(first.messages).toHaveLength(0);
    expect(second.isOpen).toBe(true);
    second.call.send(command);
    expect(upstream.openCall.sent).toEqual([command]);
    expect(upstream.mostOpenCalls).toBe(1);
  });

  it.each([
    ["without the access admin", hubClient(["observe", "control", "write", "secret"]), "true"],
    ["without the header", hubClient(["control", "admin"]), undefined],
    ["with another value of the header", hubClient(["control", "admin"]), "yes"],
  ])("is refused %s", (_, client, value) => {
    const { drive } = setUp();
    const first = drive();

    const second = drive({ client, header: new Headers(value === undefined ? {} : { [takeOverHeader]: value }) });

    expect(second.end?.code).toBe(Code.FailedPrecondition);
    expect(second.end?.error?.rawMessage).toContain(client.access.has("admin") ? takeOverHeader : "access admin");
    expect(first.end).toBeUndefined();
  });

  it("does not let the first one move the avatar any more", () => {
    const { upstream, drive, takeOver } = setUp();
    const controller = new AbortController();
    const first = drive({ signal: controller.signal });
    takeOver();

    first.call.send(command);
    first.call.sendLast(command);
    first.call.halfClose();
    first.call.cancel(left);
    controller.abort();

    expect(upstream.openCall.sent).toHaveLength(1);
    expect(upstream.openCall.cancelledWith).toBeUndefined();
  });

  it("cancels a first drive that the mod does not end within a second", () => {
    const { upstream, clock, drive, takeOver } = setUp();
    drive();
    const second = takeOver();

    clock.advance(999);
    expect(second.isOpen).toBe(false);
    clock.advance(1);

    expect(upstream.calls[0]?.cancelledWith?.code).toBe(Code.Canceled);
    expect(second.isOpen).toBe(true);
  });

  it("sends no command behind the half-close of the first drive", () => {
    const { upstream, drive, takeOver } = setUp();
    const first = drive();
    first.call.sendLast(command);

    takeOver();

    expect(first.end?.code).toBe(Code.Aborted);
    expect(upstream.openCall.sent).toEqual([command]);
  });

  it("goes on from one that still waits, and the last one drives", () => {
    const { upstream, drive, takeOver } = setUp();
    drive();
    const second = takeOver();
    const third = takeOver();
    expect(second.end?.code).toBe(Code.Aborted);

    upstream.openCall.end();

    expect(third.isOpen).toBe(true);
    expect(upstream.calls).toHaveLength(2);
  });

  it("lets who asks normally wait too, when the one who took over has left before the first drive ended", () => {
    const { upstream, drive, takeOver } = setUp();
    drive();
    takeOver().call.cancel(left);

    const next = drive();
    expect(next).toMatchObject({ isOpen: false, end: undefined });
    upstream.openCall.end();

    expect(next.isOpen).toBe(true);
  });

  it("wins over a first driver who drives again at once", () => {
    const { upstream, drive, takeOver } = setUp();
    const first = drive();
    let again: RecordedCall | undefined;
    first.onEnd = () => {
      again = drive();
    };

    const second = takeOver();
    upstream.openCall.end();

    expect(again?.end?.code).toBe(Code.FailedPrecondition);
    expect(second.isOpen).toBe(true);
  });

  it("applies a pause that was asked for while it waited", () => {
    const { upstream, drive, takeOver } = setUp();
    drive();
    takeOver().call.pause();

    upstream.openCall.end();

    expect(upstream.openCall.isPaused).toBe(true);
  });

  it("ends with the hub, also for what is being ended", () => {
    const { hub, upstream, clock, drive, takeOver } = setUp();
    drive();
    const second = takeOver();

    hub.close(new ConnectError("the proxy is stopping", Code.Unavailable));

    expect(second.end).toMatchObject({ code: Code.Unavailable, isOwnDoing: false });
    expect(upstream.openCalls).toHaveLength(0);
    expect(upstream.calls).toHaveLength(1);
    expect(clock.taskCount).toBe(0);
  });
});
