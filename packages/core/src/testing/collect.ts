/** Everything that `messages` yields until its end. Gives up on what seems to have none. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const message of messages) {
    collected.push(message);
    if (collected.length > 1000) throw new Error("there is no end of messages");
  }
  return collected;
}
