import { api } from "../common/api.ts";
import { counted, several } from "../common/counted.ts";
import { acts } from "../list/acts.ts";
import type { RowAction } from "../list/row-action.ts";
import { broadcastsSend } from "@zhanggui/server/engines/broadcasts/broadcasts.contract";

export interface Broadcast {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly canTakeDown: boolean;
}

/** Sends it to as many as were shown: whoever came or left since then is asked about anew. */
export function sends<Row extends Broadcast>(): RowAction<Row> {
  const shown = new Map<string, number>();
  return {
    label: { zh: "发出", en: "Send" },
    needs: broadcastsSend,
    shows: ({ state }) => state === "draft",
    sure: async ({ id, name }) => {
      const { people, calls } = await api.broadcasts.count({ broadcastId: id });
      shown.set(id, people);
      return {
        title: {
          zh: `把“${name}”发给 ${counted(people)} 人？`,
          en: `Send “${name}” to ${several(people, "person", "people")}?`,
        },
        sentence: {
          zh: `发出后不能收回。服务号的每位粉丝每月最多收到 4 次群发${calls > 1 ? `；将分 ${calls} 批提交` : ""}。`,
          en: `It can't be taken back. Each follower of a service account gets four broadcasts a month at most${calls > 1 ? `; it goes in ${calls} parts` : ""}.`,
        },
      };
    },
    run: async ({ id }) => {
      await api.broadcasts.send({ broadcastId: id, people: shown.get(id) ?? 0 });
      return { zh: "已交给微信发送", en: "Handed to WeChat" };
    },
  };
}

/** Sends once more what certainly didn't go out. */
export function resends<Row extends Broadcast & { readonly resendable: number }>(): RowAction<Row> {
  return acts(
    api.broadcasts.resend,
    { zh: "重发失败批次", en: "Send failed parts again" },
    ({ id, resendable }: Row) => ({ broadcastId: id, people: resendable }),
    {
      done: { zh: "已交给微信发送", en: "Handed to WeChat" },
      shows: ({ resendable }) => resendable > 0,
      sure: ({ name, resendable }) => ({
        title: {
          zh: `把“${name}”重发给 ${counted(resendable)} 人？`,
          en: `Send “${name}” again to ${several(resendable, "person", "people")}?`,
        },
        sentence: {
          zh: "只重发确定没有发出的批次；结果未知的不会重发。发出后不能收回。",
          en: "Only parts that certainly didn't go out; what is unknown isn't sent again. It can't be taken back.",
        },
      }),
    },
  );
}

/** Shows it to one follower first. */
export function previews<Row extends Broadcast>(open: (row: Row) => void): RowAction<Row> {
  return {
    label: { zh: "预览", en: "Preview" },
    needs: broadcastsSend,
    shows: ({ state }) => state === "draft",
    run: (row) => open(row),
  };
}

export function deletes<Row extends Broadcast>(): RowAction<Row> {
  return acts(api.broadcasts.delete, { zh: "删除", en: "Delete" }, ({ id }: Row) => ({ broadcastId: id }), {
    isDangerous: true,
    done: { zh: "已删除", en: "Deleted" },
    shows: ({ state }) => state === "draft",
    sure: ({ name }) => ({
      title: { zh: `删除“${name}”？`, en: `Delete “${name}”?` },
      sentence: { zh: "草稿不能恢复。", en: "The draft can't be brought back." },
    }),
  });
}

export function takesDown<Row extends Broadcast>(): RowAction<Row> {
  return acts(api.broadcasts.takeDown, { zh: "撤下", en: "Take down" }, ({ id }: Row) => ({ broadcastId: id }), {
    isDangerous: true,
    done: { zh: "已撤下", en: "Taken down" },
    shows: ({ canTakeDown }) => canTakeDown,
    sure: ({ name }) => ({
      title: { zh: `撤下“${name}”？`, en: `Take “${name}” down?` },
      sentence: {
        zh: "图文和视频会打不开，手机上的卡片还在；不能恢复，每天最多 10 次。",
        en: "Articles and videos can't be opened any more; the card stays on the phones. Ten a day, and it can't be undone.",
      },
    }),
  });
}
