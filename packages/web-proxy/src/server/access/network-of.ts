import { isIPv6 } from "node:net";
import { plainAddress } from "./loopback.js";

/** What counts as one caller: an IPv4 address, or the network of an IPv6 address, in which a caller may have as many as it likes. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [withoutZone = ""] = plain.split("%");
  const [head = "", tail = ""] = withoutZone.split("::");
  const front = head.split(":").filter((group) => group !== "");
  const back = tail.split(":").filter((group) => group !== "");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return `${[...front, ...zeros, ...back].slice(0, 4).join(":")}::/64`;
}
