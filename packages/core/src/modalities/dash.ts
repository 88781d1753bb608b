import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import {
  Dash,
  type DashActionResult as WireActionResult,
  type DashState as WireState,
} from "../gen/resonite_io/v1/dash_pb.js";
import { type DashControl, type DashTab, toControl, toTab } from "./dash-elements.js";
import { controlMatch, tabMatch } from "./dash-match.js";
import { checkQuery, type MatchQuery, pickMatch } from "./label-match.js";

/** Whether the dash is open. */
export interface DashState {
  /** Whether it is open or opening. Changes at once. */
  readonly isOpen: boolean;
  /** How far it has opened, 0 to 1. Follows {@link isOpen} with a delay. */
  readonly openLerp: number;
}

/** What became of an action. An action that could not be done is a result, not an error. */
export interface DashActionResult {
  /** Whether it was done. */
  readonly ok: boolean;
  /** Whether the target exists. When it does and `ok` is false, it does not support the action. */
  readonly found: boolean;
  /** What was acted on. On a miss it is what was asked for, and empty after {@link DashClient.setTab}. */
  readonly refId: string;
  /**
   * Why, in English: `tab not found`, `control is not a button`. Empty when there is nothing to say; a disabled tab says
   * `screen disabled` although `ok` is true.
   */
  readonly detail: string;
}

/** Options of {@link DashClient.setTab}: at least one of `refId` and `localeKey`. */
export type DashSetTabOptions = CallOptions &
  (
    | {
        /** From {@link DashTab.refId}. Decides alone when it is given. */
        readonly refId: string;
        /** Without effect beside a `refId`. */
        readonly localeKey?: string;
      }
    | {
        /** From {@link DashTab.refId}. Decides alone when it is given. */
        readonly refId?: string;
        /** The exact {@link DashTab.localeKey}: `Dash.Screens.Worlds`. */
        readonly localeKey: string;
      }
  );

/** Options of {@link DashClient.listControls}. */
export interface DashListControlsOptions extends CallOptions {
  /** Whether to list disabled controls too. Default false. */
  readonly includeDisabled?: boolean;
}

/** Options of {@link DashClient.scroll} and {@link DashClient.scrollByLabel}. */
export interface DashScrollOptions extends CallOptions {
  /** Change of the horizontal position, where 1 is the whole way. Default 0. */
  readonly deltaX?: number;
  /** Change of the vertical position, where 1 is the whole way. Default 0. */
  readonly deltaY?: number;
}

/**
 * Opens the dash, the overlay of the Esc key, and operates its tabs and controls. The context menu is something else.
 *
 * The dash belongs to the engine: every program that talks to it shares it, it needs no focused world and outlives the
 * connection. Every method fails with `Unavailable` when the mod has no dash bridge and with `FailedPrecondition` while the
 * engine is still starting.
 *
 * The methods that take a {@link MatchQuery} fetch the listing and then act on what it names, in two calls with the same
 * options, so `timeoutMs` is for each of them. They throw `NoMatchError` or `AmbiguousMatchError` instead of
 * acting when it names nothing or too much, and {@link InvalidOptionsError} for an index that is negative or no integer.
 * Controls are found by label, locale key or ref id, and only enabled ones.
 */
export class DashClient implements Covers<typeof Dash> {
  readonly #rpc: Client<typeof Dash>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Dash, transport);
  }

  /** Opens the dash. Does not wait for the animation. */
  async open(options?: CallOptions): Promise<DashState> {
    return toState(await this.#rpc.open({}, options));
  }

  /** Closes the dash. Does not wait for the animation. */
  async close(options?: CallOptions): Promise<DashState> {
    return toState(await this.#rpc.close({}, options));
  }

  /** Returns whether the dash is open. */
  async getState(options?: CallOptions): Promise<DashState> {
    return toState(await this.#rpc.getState({}, options));
  }

  /** Lists all tabs in the order of the engine, also while the dash is closed. */
  async listTabs(options?: CallOptions): Promise<readonly DashTab[]> {
    return (await this.#rpc.listTabs({}, options)).tabs.map(toTab);
  }

  /**
   * Makes a tab the current one; its content takes about half a second to appear. Neither opens nor closes the dash.
   *
   * Throws {@link InvalidOptionsError} when both `refId` and `localeKey` are missing or empty.
   */
  async setTab(options: DashSetTabOptions): Promise<DashActionResult> {
    const { refId = "", localeKey = "", ...call } = options;
    if (refId === "" && localeKey === "") throw new InvalidOptionsError("setTab takes refId or localeKey");
    return toResult(await this.#rpc.setTab({ refId, localeKey }, call));
  }

  /**
   * Lists the buttons and scroll areas of the current tab, by their position from y to x. Usually empty while the dash is
   * closed. A control may come before the one around it.
   */
  async listControls(options: DashListControlsOptions = {}): Promise<readonly DashControl[]> {
    const { includeDisabled = false, ...call } = options;
    return (await this.#rpc.listControls({ includeDisabled }, call)).controls.map(toControl);
  }

  /** Presses a button once, even a disabled one. */
  async invoke(refId: string, options?: CallOptions): Promise<DashActionResult> {
    return toResult(await this.#rpc.invoke({ refId }, options));
  }

  /**
   * Moves a scroll area, or the one around a control, by a part of its range. It stops at the ends, which is `ok` as well.
   *
   * Throws {@link InvalidOptionsError} for a delta that is not a number.
   */
  async scroll(refId: string, options: DashScrollOptions = {}): Promise<DashActionResult> {
    const { deltaX, deltaY, call } = scrollOptions(options);
    return toResult(await this.#rpc.scroll({ refId, deltaX, deltaY }, call));
  }

  /** Shows a button as hovered, without pressing it. Others that are shown so stay so. */
  async highlight(refId: string, options?: CallOptions): Promise<DashActionResult> {
    return toResult(await this.#rpc.highlight({ refId }, options));
  }

  /** Returns the tab that `query` names by label, name, locale key, ref id or index. */
  async findTab(query: MatchQuery, options?: CallOptions): Promise<DashTab> {
    checkQuery(query);
    return pickMatch(await this.listTabs(options), query, tabMatch);
  }

  /** Returns the enabled control of the current tab that `query` names. */
  async findControl(query: MatchQuery, options?: CallOptions): Promise<DashControl> {
    checkQuery(query);
    return pickMatch(await this.listControls(options), query, controlMatch);
  }

  /** Makes the tab that `query` names, as for {@link findTab}, the current one. */
  async selectTab(query: MatchQuery, options?: CallOptions): Promise<DashActionResult> {
    const { refId } = await this.findTab(query, options);
    return toResult(await this.#rpc.setTab({ refId }, options));
  }

  /** Presses the control that `query` names once. */
  async invokeByLabel(query: MatchQuery, options?: CallOptions): Promise<DashActionResult> {
    const { refId } = await this.findControl(query, options);
    return await this.invoke(refId, options);
  }

  /** Moves the scroll area that `query` names, or the one around that control, as {@link scroll} does. */
  async scrollByLabel(query: MatchQuery, options: DashScrollOptions = {}): Promise<DashActionResult> {
    const { deltaX, deltaY, call } = scrollOptions(options);
    const { refId } = await this.findControl(query, call);
    return toResult(await this.#rpc.scroll({ refId, deltaX, deltaY }, call));
  }

  /** Shows the control that `query` names as hovered, as {@link highlight} does. */
  async highlightByLabel(query: MatchQuery, options?: CallOptions): Promise<DashActionResult> {
    const { refId } = await this.findControl(query, options);
    return await this.highlight(refId, options);
  }
}

function scrollOptions(options: DashScrollOptions) {
  const { deltaX = 0, deltaY = 0, ...call } = options;
  for (const [name, delta] of Object.entries({ deltaX, deltaY })) {
    if (Number.isNaN(delta)) throw new InvalidOptionsError(`${name} must be a number, not NaN`);
  }
  return { deltaX, deltaY, call };
}

function toState({ isOpen, openLerp }: WireState): DashState {
  return { isOpen, openLerp };
}

function toResult({ ok, found, refId, detail }: WireActionResult): DashActionResult {
  return { ok, found, refId, detail };
}
