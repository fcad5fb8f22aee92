import { randomBytes } from "node:crypto";
import type { RuleInput } from "../engines/messaging/rule.contract.ts";
import type { Api } from "./test-server.ts";

/** What the tests need of the other side: the emulator's world, in process or by its control API. */
export interface WechatSide {
  createAccount(account: {
    name: string;
  }): { appid: string; secret: string } | Promise<{ appid: string; secret: string }>;
  addTemplate(appid: string, template: { templateId: string; title: string; content: string }): unknown;
  configurePush(
    appid: string,
    push: {
      url: string;
      token: string;
      encodingAesKey: string;
      mode: "plain" | "compatible" | "safe";
      format: "xml" | "json";
    },
  ): Promise<unknown>;
}

export interface Bound {
  readonly appid: string;
  readonly wechatAppId: string;
  readonly pushToken: string;
  readonly encodingAesKey: string;
  readonly channel: { id: string; ticket: string; qrUrl: string; scene: string };
  readonly sceneId: string;
}

export interface LanternTeaOptions {
  readonly mode?: "plain" | "compatible" | "safe";
  readonly format?: "xml" | "json";
}

export const welcomeTemplate = {
  templateId: "LANTERN_WELCOME",
  title: "入会提醒",
  content: "{{first.DATA}}\n会员：{{keyword1.DATA}}\n渠道：{{keyword2.DATA}}",
};

/** An answer of one text. */
export const saying = (text: string) => [{ type: "text" as const, text }];

/**
 * Lantern Tea opens its account: an official account at WeChat, bound to the server; a channel code; rules for scan,
 * follow and a keyword; a scene that thanks whoever came in by the code and tells the leader. All of it through the
 * public API, as an operator would.
 */
export async function bindLanternTea(
  { api }: { api: Api },
  wechat: WechatSide,
  serverUrl: string,
  { mode = "safe", format = "xml" }: LanternTeaOptions = {},
): Promise<Bound> {
  const account = await wechat.createAccount({ name: "灯笼茶" });
  await wechat.addTemplate(account.appid, welcomeTemplate);
  const pushToken = randomBytes(8).toString("hex");
  const encodingAesKey = randomBytes(32).toString("hex").slice(0, 43);
  const app = await api.connect.bindApp({
    name: "灯笼茶",
    appId: account.appid,
    appSecret: account.secret,
    pushToken,
    encodingAesKey,
    mode,
  });
  const url = `${serverUrl}/api/wechat/callback/${app.id}`;
  await wechat.configurePush(account.appid, { url, token: pushToken, encodingAesKey, mode, format });
  const channel = await api.connect.createChannel({
    wechatAppId: app.id,
    name: "门店海报",
    leaderName: "阿青",
    leaderMail: "qing@lantern-tea.example",
  });
  const rules: RuleInput[] = [
    { name: "海报欢迎语", on: "scan", replies: saying("欢迎来到灯笼茶，门店海报的朋友！") },
    { name: "关注欢迎语", on: "follow", replies: saying("欢迎来到灯笼茶！回复“菜单”看看今天有什么。") },
    {
      name: "菜单",
      on: "keyword",
      keywords: ["菜单"],
      match: "contains",
      replies: saying("今日：桂花乌龙、陈皮白茶、炭焙铁观音。"),
    },
  ];
  for (const rule of rules) await api.messaging.createRule(rule);
  const scene = await api.messaging.createScene({
    name: "新客到店",
    trigger: "audience.channel_entered.v1",
    items: [
      {
        channel: "wechat_template",
        templateId: welcomeTemplate.templateId,
        data: {
          first: "谢谢你来到{{ app.name }}",
          keyword1: "{{ person.displayName }}",
          keyword2: "{{ channel.name }}",
        },
      },
      {
        channel: "mail",
        to: "leader",
        subject: "{{ channel.name }}来了一位新朋友",
        text: "{{ channel.leaderName }}，你好：\n\n{{ person.displayName }} 刚刚通过“{{ channel.name }}”来到{{ app.name }}。",
      },
    ],
  });
  const { id, ticket, qrUrl, scene: qrScene } = channel;
  return {
    appid: account.appid,
    wechatAppId: app.id,
    pushToken,
    encodingAesKey,
    channel: { id, ticket, qrUrl, scene: qrScene },
    sceneId: scene.id,
  };
}
