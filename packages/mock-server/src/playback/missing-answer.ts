import { Code, ConnectError } from "@connectrpc/connect";
import type { Rpc } from "@resoio/core";

const whatToDo = `play it with otherwise: "scenario" (--play-else scenario)`;

/** There is no call of an RPC in a recording. */
export function neverRecordedError({ id, access }: Rpc, recording: string): ConnectError {
  const problem =
    access === "secret"
      ? `${recording} has no answer for ${id}, which carries credentials: such calls are never recorded. To let the simulated game`
      : `${recording} has no call of ${id} with an answer. Record one; or, to let the simulated game`;
  return new ConnectError(`${problem} answer, ${whatToDo}`, Code.Unavailable);
}

/** There are calls of an RPC in a recording, but none with that request. */
export function otherRequestError({ id }: Rpc, recording: string, answers: number): ConnectError {
  const calls = answers === 1 ? "one call" : `${answers} calls`;
  return new ConnectError(
    `${recording} has ${calls} of ${id}, but none with this request. Ask for what was recorded; or, to let the simulated game ` +
      `answer, ${whatToDo}`,
    Code.NotFound,
  );
}

/** A recording could not be read where it was needed. */
export function damagedRecordingError(recording: string, cause: unknown): ConnectError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new ConnectError(
    `${recording} cannot be read: ${problem}. Open it with recover: "always" to use what is left of it`,
    Code.DataLoss,
    undefined,
    undefined,
    cause,
  );
}
