import { accessRead } from "@zhanggui/server/foundation/access/roles.contract";
import { computed } from "vue";
import { useI18n } from "vue-i18n";
import { api } from "../common/api.ts";
import { useLoaded } from "../common/loading.ts";
import { can, signedIn } from "../common/signed-in.ts";
import { allOf } from "../list/all-of.ts";

/**
 * What accounts are called, by their ids. Names are for those who may list the accounts; everybody else reads their own
 * name, and "A colleague" for all others.
 */
export function useAccountNames(): (accountId: string) => string {
  const { t } = useI18n();
  const { data } = useLoaded(async (signal) => (can(accessRead) ? await allOf(api.access.listAccounts, signal) : []));
  const names = computed(() => {
    const me = signedIn.me?.account;
    const known = [...(data.value ?? []), ...(me === undefined ? [] : [me])];
    return new Map(known.map(({ id, displayName }) => [id, displayName]));
  });
  return (accountId) => names.value.get(accountId) ?? t("access.colleague");
}
