/** Lets everything happen that can happen without time passing or a message arriving. */
export async function quiet(): Promise<void> {
  await new Promise(setImmediate);
}
