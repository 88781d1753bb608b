import { Resonite } from "@resoio/core";
import { type MockModOptions, startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import {
  bytesSource,
  createRecording,
  createRecordingInterceptor,
  openRecording,
  type RecordingReader,
} from "@resoio/recording";

/** Records what `use` does with a simulated mod, over its socket. */
export async function recordCalls(
  options: MockModOptions,
  use: (resonite: Resonite) => Promise<void>,
): Promise<RecordingReader> {
  const { clock } = options;
  const parts: Uint8Array[] = [];
  const recording = createRecording({
    sink: {
      write: async (bytes) => {
        parts.push(bytes);
      },
    },
    ...(clock === undefined ? {} : { clock }),
  });
  await using mod = await startMockServer(options);
  const interceptors = [createRecordingInterceptor(recording)];
  await using resonite = new Resonite(createUdsTransport({ socketPath: mod.socketPath, interceptors }));
  await use(resonite);
  await resonite.close();
  await recording.end();
  return await openRecording(bytesSource(Buffer.concat(parts)));
}
