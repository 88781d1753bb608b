import { afterEach, describe, expect, it, vi } from "vitest";
import { NotInBrowserError } from "../errors/not-in-browser-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import { CameraFrameFormat } from "../gen/resonite_io/v1/camera_pb.js";
import { fakeCamera } from "../testing/fake-camera.js";
import { take } from "../testing/take.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("toImageData", () => {
  it("gives the picture's size and bytes, in the same memory", async () => {
    vi.stubGlobal("ImageData", FakeImageData);
    const frame = await frameOf(3, 2);

    const { data, width, height } = frame.toImageData();

    expect({ width, height }).toEqual({ width: 3, height: 2 });
    expect(data).toBeInstanceOf(Uint8ClampedArray);
    expect([...data]).toEqual([...frame.pixels]);
    expect(data.buffer).toBe(frame.pixels.buffer);
    expect(data.byteOffset).toBe(frame.pixels.byteOffset);
  });

  it("takes no more than the picture of memory that holds more than it, as a message does", async () => {
    vi.stubGlobal("ImageData", FakeImageData);
    const frame = await frameOf(3, 2);
    const { pixels } = frame;
    expect(pixels.buffer.byteLength).toBeGreaterThan(pixels.byteLength);
    expect(pixels.byteOffset).toBeGreaterThan(0);

    expect(frame.toImageData().data).toHaveLength(24);
  });

  it("throws NotInBrowserError where there is no ImageData", async () => {
    const frame = await frameOf(1, 1);

    expect(() => frame.toImageData()).toThrow(NotInBrowserError);
    expect(() => frame.toImageData()).toThrow(ResoioError);
    expect(() => frame.toImageData()).toThrow(
      expect.objectContaining({
        name: "NotInBrowserError",
        code: "NOT_IN_BROWSER",
        message: expect.stringContaining("no ImageData here"),
      }),
    );
  });
});

/** As much of a browser's `ImageData` as a frame needs, as strict about its arguments as the standard is. */
class FakeImageData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    if (!(data instanceof Uint8ClampedArray && data.buffer instanceof ArrayBuffer)) throw new TypeError("wrong data");
    if (data.length !== width * height * 4) throw new RangeError(`${data.length} bytes are not ${width} x ${height}`);
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

async function frameOf(width: number, height: number) {
  const { camera, calls } = fakeCamera();
  await using stream = camera.stream();
  const frame = take(stream);
  const pixels = Uint8Array.from({ length: width * height * 4 }, (_, i) => 255 - i);
  (await calls.at(0)).send({ width, height, format: CameraFrameFormat.RGBA8, frameId: 0n, unixNanos: 100n, pixels });
  return await frame;
}
