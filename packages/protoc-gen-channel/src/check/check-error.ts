/** The check could not be made. The message says what to do. */
export class CheckError extends Error {
  override readonly name = "CheckError";
}
