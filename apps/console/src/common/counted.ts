import { countLimit } from "@zhanggui/kit/contract/count-limit";
import { i18n } from "./language.ts";

/** How many there are, as people read it: `1,020`; of what is counted up to a limit only, `10,000+`. */
export function counted(count: number): string {
  const { n } = i18n.global;
  return count > countLimit ? `${n(countLimit)}+` : n(count);
}

/** An English noun with how many there are of it: `1 customer`, `2 customers`. */
export function several(count: number, one: string, many = `${one}s`): string {
  return `${counted(count)} ${count === 1 ? one : many}`;
}
