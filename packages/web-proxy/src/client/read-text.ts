/** The beginning of a response's text. Longer ones are for people who look at pages, not for an error's message. */
const maxBytes = 4_096;

/** Reads what a response says, as far as an error's message has room for it, and lets go of the rest. Never fails. */
export async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let byteLength = 0;
  try {
    while (byteLength < maxBytes) {
      const { done, value } = await reader.read();
      if (done) break;
      byteLength += value.byteLength;
      text += decoder.decode(value.subarray(0, maxBytes), { stream: true });
    }
    await reader.cancel();
  } catch {
    // A response that breaks off has said what it has said.
  }
  return text.slice(0, maxBytes).trim();
}
