import { extensionPoint } from "./extensions.ts";

/** Something outside of this server that it needs: a module that calls it says how it is. */
export interface Dependency {
  /**
   * Where it is, or undefined if it isn't set up.
   *
   * @param signal aborted when nobody waits any longer
   * @throws Error saying what is wrong with it
   */
  check(signal: AbortSignal): Promise<string | undefined>;
}
export const dependency = extensionPoint<Dependency>("kit.dependency");
