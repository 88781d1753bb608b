import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { choiceValue } from "../choices.js";
import type { Covers } from "../covers.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { Grabber } from "../gen/resonite_io/v1/grabber_pb.js";
import {
  type GrabberButton,
  type GrabberHand,
  type GrabberHandOptions,
  type GrabberUnuseOptions,
  type GrabberUseOptions,
  type GrabOptions,
  type GrabResult,
  type GrabState,
  grabberButtons,
  grabberHands,
  toGrabState,
} from "./grabber-state.js";

/** How long a click that failed waits for its button to be let go. */
const letGoTimeoutMs = 1000;

/**
 * Grabs and releases objects with the hands of the local user, presses their buttons and equips tools.
 *
 * Hands belong to the engine: every program that talks to it shares them, and what they hold and press outlives the call and
 * the connection. Every method fails with `Unavailable` when the mod has no grabber bridge, with `FailedPrecondition` while
 * the hand is not ready (no focused world, no local user), and with `Internal` when the bridge throws. A mod before 0.6.0
 * answers {@link use}, {@link unuse}, {@link click}, {@link equip} and {@link dequip} with `Unimplemented`.
 *
 * Every method throws {@link InvalidOptionsError} for a hand or button that does not exist.
 */
export class GrabberClient implements Covers<typeof Grabber> {
  readonly #rpc: Client<typeof Grabber>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Grabber, transport);
  }

  /**
   * Grabs what the ray through the desktop cursor hits; aim with `CursorClient.setPosition`. A hand that already holds
   * something keeps it. Finding nothing is no failure: `grabbed` is false then.
   *
   * Fails with `FailedPrecondition` also in VR, where there is no such ray. Throws {@link InvalidOptionsError} for a radius
   * that is negative or not a number, and {@link MalformedResponseError} for an answer without a state.
   */
  async grab(options: GrabOptions = {}): Promise<GrabResult> {
    const { hand, radiusMetres = 0, ...call } = options;
    if (!(radiusMetres >= 0 && radiusMetres < Infinity)) {
      throw new InvalidOptionsError(`radiusMetres must be a number from 0 upwards, not ${radiusMetres}`);
    }
    const { grabbed, state } = await this.#rpc.grab({ ...whole(hand), radius: radiusMetres }, call);
    if (state === undefined) throw new MalformedResponseError("the mod answered grab without a state");
    return { grabbed, state: toGrabState(state) };
  }

  /** Drops everything that the hand holds. Succeeds also when that is nothing. */
  async release({ hand, ...call }: GrabberHandOptions = {}): Promise<GrabState> {
    return toGrabState(await this.#rpc.release(whole(hand), call));
  }

  /** Returns what the hand holds and presses. Changes nothing. */
  async getState({ hand, ...call }: GrabberHandOptions = {}): Promise<GrabState> {
    return toGrabState(await this.#rpc.getState(whole(hand), call));
  }

  /**
   * Presses a button and keeps it pressed until {@link unuse}, also when the call or the connection ends. To draw with a brush,
   * press, move with `CursorClient.setPosition`, and let go.
   *
   * Throws {@link InvalidOptionsError} for a `strength` outside 0 to 1.
   */
  async use({ hand, button, strength, ...call }: GrabberUseOptions = {}): Promise<GrabState> {
    return toGrabState(await this.#rpc.use(press(hand, button, strength), call));
  }

  /** Lets go of a button. Succeeds also when it is not pressed. */
  async unuse({ hand, button, ...call }: GrabberUnuseOptions = {}): Promise<GrabState> {
    return toGrabState(await this.#rpc.unuse(part(hand, button), call));
  }

  /**
   * Presses a button and lets go of it: {@link use}, then {@link unuse}. Returns the hand after that. `timeoutMs` limits each of
   * the two calls.
   *
   * A call that failed or was cancelled may have reached the mod all the same. So after any failure the button is let go once
   * more, for up to a second and whatever `signal` says, before the failure is thrown. Only when the connection is gone may it
   * stay pressed.
   *
   * Throws {@link InvalidOptionsError} for a `strength` outside 0 to 1.
   */
  async click({ hand, button, strength, ...call }: GrabberUseOptions = {}): Promise<GrabState> {
    const pressing = press(hand, button, strength);
    const lettingGo = part(hand, button);
    const { signal, ...uncancelled } = call;
    try {
      await this.#rpc.use(pressing, call);
      return toGrabState(await this.#rpc.unuse(lettingGo, call));
    } catch (error) {
      // What the caller should learn is why the click failed, not that this failed too.
      await this.#rpc.unuse(lettingGo, { ...uncancelled, timeoutMs: letGoTimeoutMs }).catch(() => {});
      throw error;
    }
  }

  /** Equips the tool that the hand holds. Succeeds also when it holds none; `isToolEquipped` tells. */
  async equip({ hand, ...call }: GrabberHandOptions = {}): Promise<GrabState> {
    return toGrabState(await this.#rpc.equip(whole(hand), call));
  }

  /** Takes the tool off the hand. Succeeds also when there is none. */
  async dequip({ hand, ...call }: GrabberHandOptions = {}): Promise<GrabState> {
    return toGrabState(await this.#rpc.dequip(whole(hand), call));
  }
}

function whole(hand: GrabberHand = "primary") {
  return { hand: choiceValue(grabberHands, hand, "hand") };
}

function part(hand: GrabberHand | undefined, button: GrabberButton = "primary") {
  return { ...whole(hand), button: choiceValue(grabberButtons, button, "button") };
}

function press(hand: GrabberHand | undefined, button: GrabberButton | undefined, strength = 1) {
  if (!(strength >= 0 && strength <= 1)) {
    throw new InvalidOptionsError(`strength must be from 0 to 1, not ${strength}`);
  }
  return { ...part(hand, button), strength };
}
