import { setImmediate as nextTurn } from "node:timers/promises";
import type { PushWork } from "../wechat/push.ts";
import type { State } from "./state.ts";

/**
 * Does something after the answer of the call that caused it, as the real platform does; its push waits in line with
 * others. `settle` waits for it; a world that was reset meanwhile hears nothing of it.
 *
 * @param first what doesn't wait in line; false: nothing is pushed
 */
export function afterAnswer(state: State, send: () => PushWork, first: () => boolean = () => true): void {
  const { generation } = state;
  const finish = async (): Promise<void> => {
    await nextTurn();
    if (state.generation !== generation || !first()) return;
    await state.notices.run(async () => {
      if (state.generation === generation) await send().done;
    });
  };
  void state.track(finish());
}
