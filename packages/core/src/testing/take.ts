/** The next of the messages. Fails when there is none. */
export async function take<T>(messages: AsyncIterator<T>): Promise<T> {
  const result = await messages.next();
  if (result.done === true) throw new Error("the messages have ended");
  return result.value;
}
