import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Info, ServerPlatform } from "../gen/resonite_io/v1/info_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { InfoClient } from "./info.js";

describe("InfoClient", () => {
  it("returns every field, as a plain object", async () => {
    const { transport } = fakeMod(Info, {
      getServerInfo: () => ({
        modVersion: "1.2.3-test",
        engineVersion: "2025.1.1.1",
        platform: ServerPlatform.LINUX,
        isWine: true,
        resonitePid: 4242,
        rendererPid: 4343,
      }),
    });

    expect(await new InfoClient(transport).getServerInfo()).toStrictEqual({
      modVersion: "1.2.3-test",
      engineVersion: "2025.1.1.1",
      platform: "linux",
      isWine: true,
      resonitePid: 4242,
      rendererPid: 4343,
    });
  });

  it.each([
    [ServerPlatform.UNSPECIFIED, "unspecified"],
    [ServerPlatform.WINDOWS, "windows"],
    [ServerPlatform.OSX, "osx"],
    [ServerPlatform.LINUX, "linux"],
    [ServerPlatform.ANDROID, "android"],
    [ServerPlatform.OTHER, "other"],
  ])("names the platform with wire number %i %s", async (platform, name) => {
    expect(await platformFor(platform)).toBe(name);
  });

  it("has a name for every platform of the contract", async () => {
    const numbers = Object.values(ServerPlatform).filter((value) => typeof value === "number");
    const names = await Promise.all(numbers.map(platformFor));

    expect(new Set(names).size).toBe(numbers.length);
  });

  it.each([6, 99, -1])("takes the platform number %i, which a newer mod may send, as unspecified", async (number) => {
    expect(await platformFor(number)).toBe("unspecified");
  });

  it("passes the failure of an old mod, which does not have the RPC, through unchanged", async () => {
    const { transport } = fakeMod(Info, {});

    const failure = new InfoClient(transport).getServerInfo();

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({ code: Code.Unimplemented });
  });

  it("passes the failure of a mod without an info bridge through unchanged", async () => {
    const { transport } = fakeMod(Info, {
      getServerInfo() {
        throw new ConnectError("Info has no bridge", Code.Unavailable);
      },
    });

    await expect(new InfoClient(transport).getServerInfo()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "Info has no bridge",
    });
  });
});

async function platformFor(platform: ServerPlatform): Promise<string> {
  const { transport } = fakeMod(Info, { getServerInfo: () => ({ platform }) });
  return (await new InfoClient(transport).getServerInfo()).platform;
}
