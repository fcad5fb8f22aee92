import { problemsOf } from "@zhanggui/forms/menu-problems";
import type { Menu, MenuLimits } from "@zhanggui/server/engines/connect/menu-shape.contract";
import { buttonKinds } from "@zhanggui/server/engines/connect/menu-shape.contract";
import { computed, ref, shallowRef } from "vue";
import { api } from "../common/api.ts";
import { useLoaded } from "../common/loading.ts";
import { buttonsOf, type Spot, type Which, withButtons } from "./menu-edit.ts";

export type Desk = Awaited<ReturnType<typeof api.connect.getMenu>>;
export type Live = Awaited<ReturnType<typeof api.connect.getLiveMenu>>;
export type Targets = Awaited<ReturnType<typeof api.connect.getMenuTargets>>;
const noLimits: MenuLimits = { buttons: 0, subButtons: 0, nameBytes: 0, subNameBytes: 0, keyBytes: 0, urlBytes: 0 };

/** The draft of an app's menu while somebody works at it: what is saved, what is changed, what is selected. */
export function useMenuDesk(wechatAppId: string) {
  const desk = useLoaded(async (signal) => {
    const found = await api.connect.getMenu({ wechatAppId }, { signal });
    take(found);
    return found;
  });
  const live = useLoaded((signal) => api.connect.getLiveMenu({ wechatAppId }, { signal }));
  const targets = useLoaded((signal) => api.connect.getMenuTargets({ wechatAppId }, { signal }));
  const draft = shallowRef<Menu>({ buttons: [], conditional: [] });
  const savedText = ref("");
  const which = ref<Which>("everybody");
  const selected = shallowRef<Spot>();
  const isDirty = computed(() => JSON.stringify(draft.value) !== savedText.value);
  const buttons = computed(() => buttonsOf(draft.value, which.value));
  const limits = computed(() => desk.data.value?.limits ?? noLimits);
  const problems = computed(() =>
    desk.data.value === undefined ? [] : problemsOf(draft.value, { limits: limits.value, kinds: buttonKinds }),
  );

  function take(found: Desk): void {
    draft.value = found.draft;
    savedText.value = JSON.stringify(found.draft);
    desk.data.value = found;
    if (which.value !== "everybody" && which.value >= found.draft.conditional.length) which.value = "everybody";
    const at = selected.value?.at;
    if (at !== undefined && at >= buttonsOf(found.draft, which.value).length) selected.value = undefined;
  }
  function put(changed: { buttons: Parameters<typeof withButtons>[2]; spot?: Spot | undefined }): void {
    draft.value = withButtons(draft.value, which.value, changed.buttons);
    selected.value = changed.spot;
  }
  async function save(): Promise<void> {
    const revision = desk.data.value?.revision ?? 0;
    const saved = await api.connect.saveMenu({ wechatAppId, draft: draft.value, ifMatch: revision });
    // What was compared with the draft before says nothing about this one.
    live.data.value = undefined;
    take(saved);
    void live.reload();
  }
  return { desk, live, targets, draft, which, selected, isDirty, buttons, limits, problems, take, put, save };
}
