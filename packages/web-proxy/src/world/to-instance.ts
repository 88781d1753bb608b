import type { WorldInstance } from "./instance.js";
import type { InstanceFacts } from "./instance-facts.js";
import { webSocketProtocol } from "./names.js";

/** What an instance has beside its {@link InstanceFacts}. */
export interface InstancePlace {
  readonly id: string;
  readonly worldId: string;
  /** URL of the WorldServer. */
  readonly endpoint: string;
  /** When the session began, and when anything of it last changed; in epoch seconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Where its WebSocket is. `undefined`: nowhere, as for a session that is no engine of ours. */
  readonly socketUri: string | undefined;
}

/** Writes an instance with the field names of the specification. */
export function toInstance(facts: InstanceFacts, place: InstancePlace): WorldInstance {
  const { id, worldId, endpoint, createdAt, updatedAt, socketUri } = place;
  const { name, state, playerCount, capacity, joinPolicy } = facts;
  return {
    id,
    worldId,
    endpoint,
    name,
    state,
    playerCount,
    capacity,
    joinPolicy,
    createdAt,
    updated_at: updatedAt,
    worldProtocols:
      socketUri === undefined ? [] : [{ name: webSocketProtocol, version: "1.0.0", information: { uri: socketUri } }],
  };
}
