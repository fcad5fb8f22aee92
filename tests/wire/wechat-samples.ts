import type { Emulator } from "@zhanggui/emulator/emulator";
import { files } from "@zhanggui/emulator/testing/scenarios/stage";
import { addDraft, publishDraft } from "@zhanggui/wechat/calls/articles";
import type * as articles from "@zhanggui/wechat/calls/articles";
import type * as custom from "@zhanggui/wechat/calls/custom-messages";
import { addStaff, inviteStaff, openStaffSession } from "@zhanggui/wechat/calls/customer-service";
import type * as staff from "@zhanggui/wechat/calls/customer-service";
import { addMaterial, uploadMedia } from "@zhanggui/wechat/calls/media";
import type * as media from "@zhanggui/wechat/calls/media";
import type * as mass from "@zhanggui/wechat/calls/mass-messages";
import { addConditionalMenu, createMenu } from "@zhanggui/wechat/calls/menus";
import type * as menus from "@zhanggui/wechat/calls/menus";
import type * as mini from "@zhanggui/wechat/calls/mini-program";
import { sendToTag } from "@zhanggui/wechat/calls/mass-messages";
import { authorizeUrl, pageGrant } from "@zhanggui/wechat/calls/page-login";
import type * as pages from "@zhanggui/wechat/calls/page-login";
import type * as codes from "@zhanggui/wechat/calls/qr-codes";
import { addSubscribeTemplate } from "@zhanggui/wechat/calls/subscribe-messages";
import type * as subscribe from "@zhanggui/wechat/calls/subscribe-messages";
import { createTag } from "@zhanggui/wechat/calls/tags";
import type * as tags from "@zhanggui/wechat/calls/tags";
import type * as templates from "@zhanggui/wechat/calls/template-messages";
import type * as tokens from "@zhanggui/wechat/calls/tokens";
import { userInfo } from "@zhanggui/wechat/calls/users";
import type * as users from "@zhanggui/wechat/calls/users";
import type * as quotas from "@zhanggui/wechat/calls/quotas";
import { sessionOfCode } from "@zhanggui/wechat/calls/mini-program";
import { callOpenly } from "@zhanggui/wechat/client";
import type { WechatClient } from "@zhanggui/wechat/client";
import type { Call } from "@zhanggui/wechat/call";
import type { TokenSource } from "@zhanggui/wechat/tokens";
import { fileOf } from "@zhanggui/wechat/upload";

/** A small world, and our client of its account. */
export interface SampleStage {
  readonly emulator: Emulator;
  readonly client: WechatClient;
  readonly tokens: TokenSource;
  readonly appId: string;
  readonly secret: string;
  /** Two followers. */
  readonly openids: readonly [string, string];
  readonly puppetId: string;
}

type InputOfCall<C> = C extends Call<infer Input, unknown> ? Input : never;
type Families = typeof tokens &
  typeof users &
  typeof tags &
  typeof codes &
  typeof menus &
  typeof custom &
  typeof staff &
  typeof templates &
  typeof media &
  typeof articles &
  typeof mass &
  typeof pages &
  typeof mini &
  typeof subscribe &
  typeof quotas;
type CallName = {
  [Name in keyof Families]: Families[Name] extends Call<infer _I, infer _R> ? Name : never;
}[keyof Families];

export interface Sample<Input> {
  /** What is made first, and what is then asked. */
  readonly input: (stage: SampleStage) => Input | Promise<Input>;
  /** Of a mini-program; else of a service account. */
  readonly isMini?: true;
}
type Samples = { readonly [Name in CallName]: Sample<InputOfCall<Families[Name]>> };

const png = fileOf("tea.png", "image/png", files.png());
const mp4 = fileOf("tea.mp4", "video/mp4", files.mp4());
const none = { input: () => undefined };
const leaf = { type: "click", name: "今日", key: "TODAY" } as const;
const page = { offset: 0, count: 20 };

const tag = async ({ client }: SampleStage) => client.call(createTag, { name: "常客" });
const picture = async ({ client }: SampleStage) => client.call(addMaterial, { type: "image", file: png });
const article = async (stage: SampleStage) => {
  const { mediaId: thumbMediaId } = await picture(stage);
  return { title: "春茶", content: "<p>新到</p>", thumbMediaId };
};
const draft = async (stage: SampleStage) => stage.client.call(addDraft, { articles: [await article(stage)] });
const published = async (stage: SampleStage) => {
  const { publishId } = await stage.client.call(publishDraft, await draft(stage));
  const account = stage.emulator.world.account(stage.appId);
  const articleId = account.publishings.find((each) => each.publishId === publishId)?.articleId ?? "";
  return { publishId, articleId };
};
const spoken = async ({ emulator, puppetId, appId }: SampleStage): Promise<void> => {
  await emulator.world.say(puppetId, { text: "在吗", appid: appId });
};
const menu = async ({ client }: SampleStage) => client.call(createMenu, { buttons: [leaf] });
const massSent = async ({ client }: SampleStage) =>
  client.call(sendToTag, { tagId: null, key: "spring", message: { type: "text", text: "新茶" } });
const news = async (stage: SampleStage) =>
  stage.client.call(sendToTag, { tagId: null, key: "news", message: { type: "mpnews", ...(await draft(stage)) } });
const code = async ({ emulator, appId, puppetId }: SampleStage): Promise<string> => {
  const ask = { openUrl: emulator.url, appId, redirectUrl: "https://lantern-tea.example/", state: "s" } as const;
  const url = new URL(authorizeUrl({ ...ask, scope: "snsapi_userinfo" }));
  url.searchParams.set("puppet", puppetId);
  url.searchParams.set("agree", "1");
  const { headers } = await fetch(url, { redirect: "manual" });
  return new URL(headers.get("location") ?? "").searchParams.get("code") ?? "";
};
const grant = async (stage: SampleStage) => {
  const { appId, secret } = stage;
  return callOpenly({ apiUrl: stage.emulator.url }, pageGrant, { appId, secret, code: await code(stage) });
};
const template = async ({ client }: SampleStage) =>
  client.call(addSubscribeTemplate, { tid: 9001, kids: [1, 2], sceneDesc: "取餐" });

const hired = { staff: "first@lantern", nick: "客服一" } as const;
const somebody = async ({ client }: SampleStage) => {
  await client.call(addStaff, hired);
  return hired;
};
const online = async (stage: SampleStage) => {
  await somebody(stage);
  await stage.client.call(inviteStaff, { staff: hired.staff, wechatId: stage.puppetId });
  stage.emulator.world.changeStaff(stage.appId, { account: hired.staff, accepts: true, isOnline: true });
  return { staff: hired.staff, openid: stage.openids[0] };
};
const serving = async (stage: SampleStage) => {
  const pair = await online(stage);
  await stage.client.call(openStaffSession, pair);
  await stage.emulator.world.settle();
  return pair;
};

/** One sample of every call. A call without one doesn't compile. */
export const samples: Samples = {
  stableToken: { input: ({ appId, secret }) => ({ appId, secret, force: false }) },
  userInfo: { input: ({ openids }) => ({ openid: openids[0] }) },
  usersInfo: { input: ({ openids }) => ({ openids }) },
  followers: { input: () => ({}) },
  updateRemark: { input: ({ openids }) => ({ openid: openids[0], remark: "老茶客" }) },
  blacklist: { input: () => ({}) },
  blockUsers: { input: ({ openids }) => ({ openids }) },
  unblockUsers: { input: ({ openids }) => ({ openids }) },
  tags: none,
  createTag: { input: () => ({ name: "常客" }) },
  renameTag: { input: async (stage) => ({ id: (await tag(stage)).id, name: "贵客" }) },
  deleteTag: { input: tag },
  taggedUsers: { input: tag },
  tagUsers: { input: async (stage) => ({ id: (await tag(stage)).id, openids: stage.openids }) },
  untagUsers: { input: async (stage) => ({ id: (await tag(stage)).id, openids: stage.openids }) },
  tagsOfUser: { input: ({ openids }) => ({ openid: openids[0] }) },
  createTemporaryQrCode: { input: () => ({ scene: "柜台", expireSeconds: 60 }) },
  createLastingQrCode: { input: () => ({ scene: "大门" }) },
  getMenus: {
    async input(stage) {
      await menu(stage);
    },
  },
  createMenu: { input: () => ({ buttons: [leaf] }) },
  deleteMenus: {
    async input(stage) {
      await menu(stage);
    },
  },
  addConditionalMenu: {
    async input(stage) {
      await menu(stage);
      return { buttons: [{ ...leaf, name: "iPhone" }], match: { platform: "ios" } };
    },
  },
  deleteConditionalMenu: {
    async input(stage) {
      await menu(stage);
      return stage.client.call(addConditionalMenu, { buttons: [leaf], match: { platform: "ios" } });
    },
  },
  menuOfUser: {
    async input(stage) {
      await menu(stage);
      return { openid: stage.openids[0] };
    },
  },
  presentMenu: none,
  sendCustomMessage: {
    async input(stage) {
      await spoken(stage);
      return { openid: stage.openids[0], message: { type: "text", text: "在的" } };
    },
  },
  showTyping: {
    async input(stage) {
      await spoken(stage);
      return { openid: stage.openids[0], isTyping: true };
    },
  },
  addStaff: { input: () => hired },
  renameStaff: { input: async (stage) => ({ ...(await somebody(stage)), nick: "客服二" }) },
  inviteStaff: {
    input: async (stage) => ({ ...(await somebody(stage)), wechatId: stage.puppetId }),
  },
  removeStaff: { input: somebody },
  staffList: {
    async input(stage) {
      await online(stage);
    },
  },
  onlineStaff: {
    async input(stage) {
      await online(stage);
    },
  },
  openStaffSession: { input: online },
  closeStaffSession: { input: serving },
  staffSessionOf: { input: serving },
  staffSessions: { input: serving },
  waitingCustomers: none,
  staffRecords: { input: () => ({ from: new Date(Date.now() - 3_600_000), to: new Date() }) },
  sendTemplateMessage: {
    input: ({ openids }) => ({
      openid: openids[0],
      templateId: "ready",
      data: { order: "A-17" },
      clientMsgId: "order-17",
    }),
  },
  messageTemplates: none,
  deleteMessageTemplate: { input: () => ({ templateId: "ready" }) },
  uploadMedia: { input: () => ({ type: "image", file: png }) },
  getMedia: { input: ({ client }) => client.call(uploadMedia, { type: "image", file: png }) },
  uploadArticleImage: { input: () => ({ file: png }) },
  addMaterial: { input: () => ({ type: "image", file: png }) },
  getMaterial: { input: picture },
  deleteMaterial: { input: picture },
  countMaterial: none,
  listMaterial: { input: () => ({ type: "image", ...page }) },
  makeMassVideo: {
    input: async ({ client }) => ({
      ...(await client.call(uploadMedia, { type: "video", file: mp4 })),
      title: "采茶",
      description: "春天",
    }),
  },
  addDraft: { input: async (stage) => ({ articles: [await article(stage)] }) },
  updateDraft: {
    input: async (stage) => ({
      ...(await draft(stage)),
      index: 0,
      article: { ...(await article(stage)), title: "夏茶" },
    }),
  },
  getDraft: { input: draft },
  deleteDraft: { input: draft },
  countDrafts: none,
  listDrafts: { input: () => page },
  publishDraft: { input: draft },
  publishingState: { input: published },
  deletePublished: { input: published },
  getPublished: { input: published },
  listPublished: { input: () => page },
  sendToTag: {
    input: async (stage) => ({ tagId: (await tag(stage)).id, key: "spring", message: { type: "text", text: "新茶" } }),
  },
  sendToOpenids: { input: ({ openids }) => ({ openids, key: "spring", message: { type: "text", text: "新茶" } }) },
  previewMass: { input: ({ openids }) => ({ openid: openids[0], message: { type: "text", text: "新茶" } }) },
  massState: { input: massSent },
  deleteMass: { input: news },
  massSpeed: none,
  setMassSpeed: { input: () => ({ speed: 3 }) },
  pageGrant: { input: async (stage) => ({ appId: stage.appId, secret: stage.secret, code: await code(stage) }) },
  refreshPageGrant: { input: async (stage) => ({ appId: stage.appId, ...(await grant(stage)) }) },
  pageUser: { input: grant },
  checkPageGrant: { input: grant },
  jsTicket: { input: () => ({ type: "jsapi" }) },
  sessionOfCode: {
    isMini: true,
    input: ({ emulator, appId, secret, puppetId }) => ({
      appId,
      secret,
      ...emulator.world.login(puppetId, { appid: appId }),
    }),
  },
  checkSession: {
    isMini: true,
    async input({ emulator, appId, secret, puppetId }) {
      const { code } = emulator.world.login(puppetId, { appid: appId });
      return callOpenly({ apiUrl: emulator.url }, sessionOfCode, { appId, secret, code });
    },
  },
  phoneOfCode: {
    isMini: true,
    input: ({ emulator, appId, puppetId }) => emulator.world.sharePhone(puppetId, { appid: appId }),
  },
  drawSceneCode: { isMini: true, input: () => ({ scene: "table=7" }) },
  drawPathCode: { isMini: true, input: () => ({ path: "pages/index" }) },
  drawPathQrCode: { isMini: true, input: () => ({ path: "pages/index" }) },
  urlScheme: { isMini: true, input: () => ({ path: "pages/index", days: 7 }) },
  urlLink: { isMini: true, input: () => ({ path: "pages/index", days: 7 }) },
  categories: { ...none, isMini: true },
  libraryTitles: { isMini: true, input: () => ({ categoryIds: [307], offset: 0, count: 30 }) },
  libraryKeywords: { isMini: true, input: () => ({ tid: 9001 }) },
  subscribeTemplates: { ...none, isMini: true },
  addSubscribeTemplate: { isMini: true, input: () => ({ tid: 9001, kids: [1, 2], sceneDesc: "取餐" }) },
  deleteSubscribeTemplate: { isMini: true, input: template },
  sendSubscribeMessage: {
    isMini: true,
    async input(stage) {
      const { templateId } = await template(stage);
      const { emulator, appId, puppetId, openids } = stage;
      await emulator.world.subscribe(puppetId, { appid: appId, answers: { [templateId]: "accept" } });
      return { openid: openids[0], templateId, data: { character_string1: "A-17", thing2: "灯笼茶" } };
    },
  },
  clearQuota: { input: ({ appId }) => ({ appId }) },
  clearQuotaBySecret: { input: ({ appId, secret }) => ({ appId, secret }) },
  clearQuotaOf: { input: () => ({ path: "/cgi-bin/user/info" }) },
  quotaOf: { input: () => ({ path: "/cgi-bin/user/info" }) },
  requestOfRid: {
    async input({ emulator, client }) {
      await client.call(userInfo, { openid: "oNobody" }).catch(() => "refused, with a rid");
      return { rid: emulator.world.journal({ kind: "api" }).find(({ rid }) => rid !== null)?.rid ?? "" };
    },
  },
  apiAddresses: none,
  pushAddresses: none,
};
