import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AuthStatusSchema } from "@resoio/core/gen/resonite_io/v1/auth_pb";
import type { Engine } from "../engine/engine.js";
import type { AuthHandlers } from "../gen/handlers.js";

/** Signs in and out. Nothing of a login's request is kept. */
export const authService = (engine: Engine): AuthHandlers => ({
  login({ credential, password, totp, rememberMe }) {
    engine.auth.login({ credential, password, totp, remember: rememberMe });
    return toWire(engine);
  },

  logout() {
    engine.auth.logout();
    return toWire(engine);
  },

  status() {
    // An engine that is not ready has nobody signed in, which is no error here.
    return engine.lifecycle.isStarting ? {} : toWire(engine);
  },
});

function toWire({ state }: Engine): MessageInitShape<typeof AuthStatusSchema> {
  const { user, expiresUnixNanos } = state.auth;
  if (user === undefined) return {};
  return { loggedIn: true, ...user, sessionExpiresUnixNanos: expiresUnixNanos };
}
