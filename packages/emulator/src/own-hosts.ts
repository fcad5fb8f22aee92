import { isIP } from "node:net";
import type { onRequestHookHandler } from "fastify";
import { Trouble } from "./world/trouble.ts";

/**
 * Whether a host is one of ours: an address, localhost, a name without a dot (of a container, say), or one that was
 * allowed. Any other name may be somebody's domain that points here (DNS rebinding).
 */
export function isOwnHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  if (isIP(hostname.replace(/^\[|\]$/g, "")) !== 0 || !hostname.includes(".")) return true;
  return allowed.some((name) => name.toLowerCase() === hostname);
}

/** Refuses requests that call us by somebody else's name. */
export function refuseForeignHosts(allowed: readonly string[]): onRequestHookHandler {
  return ({ headers: { host } }, _reply, done) => {
    if (isOwnHost(host, allowed)) done();
    else
      done(
        Object.assign(new Trouble("other_origin", `The emulator isn't called ${host}: see --allow-host.`), {
          statusCode: 403,
        }),
      );
  };
}
