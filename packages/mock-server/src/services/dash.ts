import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DashStateSchema } from "@resoio/core/gen/resonite_io/v1/dash_pb";
import type { Engine } from "../engine/engine.js";
import type { DashHandlers } from "../gen/handlers.js";

/** Operates the dash. A target that cannot be found is told in the answer. */
export const dashService = (engine: Engine): DashHandlers => ({
  open() {
    engine.dash.setOpen(true);
    return toWireState(engine);
  },

  close() {
    engine.dash.setOpen(false);
    return toWireState(engine);
  },

  getState() {
    return toWireState(engine);
  },

  listTabs() {
    const currentRefId = engine.dash.currentTab?.refId;
    return {
      tabs: engine.dash.tabs.map(({ refId, localeKey, name, label, enabled }) => ({
        refId,
        localeKey,
        name,
        label,
        enabled,
        isCurrent: refId === currentRefId,
      })),
    };
  },

  setTab({ refId, localeKey }) {
    return engine.dash.setTab({ refId, localeKey });
  },

  listControls({ includeDisabled }) {
    const controls = engine.dash.listControls({ includeDisabled });
    return { controls: controls.map(({ type, ...control }) => ({ ...control, controlType: type })) };
  },

  invoke({ refId }) {
    return engine.dash.invoke(refId);
  },

  scroll({ refId, deltaX, deltaY }) {
    return engine.dash.scroll(refId, { x: deltaX, y: deltaY });
  },

  highlight({ refId }) {
    return engine.dash.highlight(refId);
  },
});

function toWireState({ dash }: Engine): MessageInitShape<typeof DashStateSchema> {
  return { isOpen: dash.isOpen, openLerp: dash.openLerp };
}
