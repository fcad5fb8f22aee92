import type { BulkRoute } from "@zhanggui/kit/contract/bulk";
import type { Call } from "@zhanggui/kit/contract/client";
import { type Permission, permissionsOf } from "@zhanggui/kit/contract/permission";
import type { LocalizedText } from "@zhanggui/kit/contract/text";

/** Something that is done to several rows at once; made by `bulk`, which knows the types of its route. */
export interface BulkAction<Row> {
  readonly call: Call<BulkRoute>;
  readonly needs: readonly Permission[];
  readonly label: LocalizedText;
  /** Cannot be undone, or reaches people. */
  readonly isDangerous?: boolean;
  /** What is asked for first, by its name in the route's body: the name of the tag. */
  readonly input?: { readonly name: string; readonly label: LocalizedText; readonly maxLength: number };
  /** What happens to a row, in a sentence; nothing where the row stays as it is. Said of rows that are shown. */
  readonly line: (row: Row, input: string) => LocalizedText | undefined;
}

/** Does what a route does to several rows: to those that were chosen, or to all that match. */
export function bulk<Row, R extends BulkRoute>(
  call: Call<R>,
  options: Omit<BulkAction<Row>, "call" | "needs" | "label"> & {
    readonly input?: { readonly name: keyof R["body"]["shape" & keyof R["body"]] & string };
  },
): BulkAction<Row> {
  const { route } = call as unknown as Call<BulkRoute>;
  return {
    ...options,
    label: route.bulk.label,
    call: call as unknown as Call<BulkRoute>,
    needs: permissionsOf(route.access),
  };
}
