import { expect, test } from "vitest";
import {
  articleRules,
  contentRules,
  customMessageRules,
  massRules,
  mediaRules,
  menuRules,
  miniRules,
  qrRules,
  quotaRules,
  staffRules,
  tagRules,
  userRules,
} from "../../wechat/limits.ts";
import type { Limit } from "../../wechat/rules.ts";
import { type Coverage, files, type Json, setStage, type Stage } from "./stage.ts";

/** Makes a call that measures exactly `size` by the limit, and tells its errcode; 0: none. */
type Probe = (stage: Stage, size: number) => Promise<unknown>;

const click = { type: "click", name: "茶", key: "TEA" };
const view = { type: "view", name: "茶" };
const scheme = "https://";
const url = (bytes: number): string => (bytes < 9 ? "x".repeat(bytes) : scheme + "x".repeat(bytes - scheme.length));

const menu = (stage: Stage, button: unknown): Promise<unknown> => stage.errcodeOf("/cgi-bin/menu/create", { button });
const qrcode = (stage: Stage, action: string, scene: Json, more: Json = {}): Promise<unknown> =>
  stage.errcodeOf("/cgi-bin/qrcode/create", { action_name: action, action_info: { scene }, ...more });
const tag = async (stage: Stage, name: string): Promise<number> =>
  Number(((await stage.api("/cgi-bin/tags/create", { tag: { name } }))["tag"] as Json)["id"]);
const media = async (stage: Stage, type: string, bytes: Buffer): Promise<unknown> =>
  (await stage.upload("/cgi-bin/media/upload", { media: bytes }, { type }))["errcode"] ?? 0;
const cover = async (stage: Stage): Promise<string> =>
  String((await stage.upload("/cgi-bin/material/add_material", { media: files.png() }, { type: "image" }))["media_id"]);
const article = async (stage: Stage, change: Json, count = 1): Promise<unknown> => {
  const one = { title: "春茶", content: "新到", thumb_media_id: await cover(stage), ...change };
  return stage.errcodeOf("/cgi-bin/draft/add", { articles: Array.from({ length: count }, () => one) });
};
const listed = async (stage: Stage, kind: "image" | "voice", count: number): Promise<unknown> => {
  const bytes = kind === "image" ? files.png() : files.amr();
  let last: unknown = 0;
  for (let made = 0; made < count; made += 1)
    last = (await stage.upload("/cgi-bin/material/add_material", { media: bytes }, { type: kind }))["errcode"] ?? 0;
  return last;
};

const hire = (stage: Stage, name: string, nickname = "客服"): Promise<unknown> =>
  stage.errcodeOf("/customservice/kfaccount/add", { kf_account: name, nickname });
const recordsOf = (stage: Stage, change: Json): Promise<unknown> => {
  const asked = { starttime: 1_790_000_000, endtime: 1_790_003_600, msgid: 1, number: 10 };
  return stage.errcodeOf("/customservice/msgrecord/getmsglist", { ...asked, ...change });
};

/** Lowers a limit whose own bound would take too long to reach: what is tested is where it ends. */
interface Lowered {
  max: number;
  probe: Probe;
}

/** Every limit, by its id: one without a probe is a type error. */
const probes: Readonly<Record<string, Probe | Lowered>> = {
  [menuRules.buttons.id]: (stage, size) =>
    menu(
      stage,
      Array.from({ length: size }, () => click),
    ),
  // None at all is a button of its own.
  [menuRules.subButtons.id]: (stage, size) =>
    menu(stage, [{ name: "茶", sub_button: Array.from({ length: size }, () => click) }]),
  [menuRules.nameBytes.id]: (stage, size) => menu(stage, [{ ...click, name: "x".repeat(size) }]),
  [menuRules.subNameBytes.id]: (stage, size) =>
    menu(stage, [{ name: "茶", sub_button: [{ ...click, name: "x".repeat(size) }] }]),
  [menuRules.keyBytes.id]: (stage, size) => menu(stage, [{ ...click, key: "x".repeat(size) }]),
  [menuRules.subKeyBytes.id]: (stage, size) =>
    menu(stage, [{ name: "茶", sub_button: [{ ...click, key: "x".repeat(size) }] }]),
  [menuRules.urlBytes.id]: (stage, size) => menu(stage, [{ ...view, url: url(size) }]),
  [menuRules.subUrlBytes.id]: (stage, size) => menu(stage, [{ name: "茶", sub_button: [{ ...view, url: url(size) }] }]),
  [qrRules.expireSeconds.id]: (stage, size) => qrcode(stage, "QR_SCENE", { scene_id: 1 }, { expire_seconds: size }),
  [qrRules.temporaryId.id]: (stage, size) => qrcode(stage, "QR_SCENE", { scene_id: size }),
  [qrRules.permanentId.id]: (stage, size) => qrcode(stage, "QR_LIMIT_SCENE", { scene_id: size }),
  [qrRules.sceneLength.id]: (stage, size) => qrcode(stage, "QR_STR_SCENE", { scene_str: "x".repeat(size) }),
  [tagRules.nameBytes.id]: (stage, size) =>
    stage.errcodeOf("/cgi-bin/tags/create", { tag: { name: "x".repeat(size) } }),
  async [tagRules.perAccount.id](stage, size) {
    let last: unknown = 0;
    for (let made = 0; made < size; made += 1)
      last = await stage.errcodeOf("/cgi-bin/tags/create", { tag: { name: `标签${made}` } });
    return last;
  },
  async [tagRules.batch.id](stage, size) {
    const id = await tag(stage, `一批${size}`);
    const openids = await stage.followers(size);
    return stage.errcodeOf("/cgi-bin/tags/members/batchtagging", { openid_list: openids, tagid: id });
  },
  async [tagRules.perUser.id](stage, size) {
    const [openid] = await stage.followers(1);
    let last: unknown = 0;
    for (let given = 0; given < size; given += 1) {
      const id = await tag(stage, `第${size}轮${given}`);
      last = await stage.errcodeOf("/cgi-bin/tags/members/batchtagging", { openid_list: [openid], tagid: id });
    }
    return last;
  },
  [tagRules.fansToDelete.id]: {
    max: 3,
    async probe(stage, size) {
      const id = await tag(stage, `要删${size}`);
      const openids = await stage.followers(size);
      if (size > 0) await stage.api("/cgi-bin/tags/members/batchtagging", { openid_list: openids, tagid: id });
      return stage.errcodeOf("/cgi-bin/tags/delete", { tag: { id } });
    },
  },
  [staffRules.nickCharacters.id]: (stage, size) => hire(stage, `n${size}@lantern`, "茶".repeat(size)),
  [staffRules.prefixCharacters.id]: (stage, size) => hire(stage, `${"x".repeat(size)}@lantern`),
  [staffRules.suffixCharacters.id]: (stage, size) => hire(stage, `tea@${"x".repeat(size)}`),
  async [staffRules.perAccount.id](stage, size) {
    let last: unknown = 0;
    for (let hired = 0; hired < size; hired += 1) last = await hire(stage, `n${hired}@lantern`);
    return last;
  },
  [staffRules.recordSpan.id]: (stage, size) => recordsOf(stage, { endtime: 1_790_000_000 + size }),
  [staffRules.records.id]: (stage, size) => recordsOf(stage, { number: size }),
  async [userRules.batch.id](stage, size) {
    const openids = await stage.followers(size);
    const list = openids.map((openid) => ({ openid }));
    return stage.errcodeOf("/cgi-bin/user/info/batchget", { user_list: list });
  },
  async [userRules.remarkBytes.id](stage, size) {
    const [openid] = await stage.followers(1);
    return stage.errcodeOf("/cgi-bin/user/info/updateremark", { openid, remark: "x".repeat(size) });
  },
  async [userRules.blockBatch.id](stage, size) {
    return stage.errcodeOf("/cgi-bin/tags/members/batchblacklist", { openid_list: await stage.followers(size) });
  },
  async [quotaRules.clearsPerMonth.id](stage, size) {
    let last: unknown = 0;
    for (let times = 0; times < size; times += 1)
      last = await stage.errcodeOf("/cgi-bin/clear_quota", { appid: stage.account.appid });
    return last;
  },
  async [contentRules.textBytes.id](stage, size) {
    await stage.followers(1);
    await stage.emulator.world.say("fan-0", { text: "在吗" });
    const text = { content: "x".repeat(size) };
    return stage.errcodeOf("/cgi-bin/message/custom/send", { touser: stage.openid("fan-0"), msgtype: "text", text });
  },
  async [customMessageRules.articles.id](stage, size) {
    await stage.followers(1);
    await stage.emulator.world.say("fan-0", { text: "在吗" });
    const articles = Array.from({ length: size }, () => ({ title: "春茶", url: "https://lantern-tea.example" }));
    const body = { touser: stage.openid("fan-0"), msgtype: "news", news: { articles } };
    return stage.errcodeOf("/cgi-bin/message/custom/send", body);
  },
  [mediaRules.imageBytes.id]: (stage, size) => media(stage, "image", size === 0 ? Buffer.alloc(0) : files.png(size)),
  [mediaRules.voiceBytes.id]: (stage, size) => media(stage, "voice", size === 0 ? Buffer.alloc(0) : files.amr(size)),
  [mediaRules.videoBytes.id]: (stage, size) => media(stage, "video", size === 0 ? Buffer.alloc(0) : files.mp4(size)),
  [mediaRules.thumbBytes.id]: (stage, size) => media(stage, "thumb", size === 0 ? Buffer.alloc(0) : files.jpeg(size)),
  async [mediaRules.articleImageBytes.id](stage, size) {
    const bytes = size === 0 ? Buffer.alloc(0) : files.jpeg(size);
    return (await stage.upload("/cgi-bin/media/uploadimg", { media: bytes }))["errcode"] ?? 0;
  },
  [mediaRules.images.id]: { max: 3, probe: (stage, size) => listed(stage, "image", size) },
  [mediaRules.others.id]: { max: 3, probe: (stage, size) => listed(stage, "voice", size) },
  [mediaRules.page.id]: (stage, size) =>
    stage.errcodeOf("/cgi-bin/material/batchget_material", { type: "image", offset: 0, count: size }),
  [articleRules.perDraft.id]: (stage, size) => article(stage, {}, size),
  [articleRules.titleCharacters.id]: (stage, size) => article(stage, { title: "茶".repeat(size) }),
  [articleRules.contentCharacters.id]: (stage, size) => article(stage, { content: "茶".repeat(size) }),
  async [articleRules.pictures.id](stage, size) {
    const image_media_id = await cover(stage);
    const image_list = Array.from({ length: size }, () => ({ image_media_id }));
    return article(stage, { article_type: "newspic", image_info: { image_list } });
  },
  [articleRules.digestCharacters.id]: (stage, size) => article(stage, { digest: "茶".repeat(size) }),
  async [massRules.openids.id](stage, size) {
    const body = { touser: await stage.followers(size), msgtype: "text", text: { content: "新茶" } };
    return stage.errcodeOf("/cgi-bin/message/mass/send", body);
  },
  [massRules.clientIdBytes.id]: (stage, size) =>
    stage.errcodeOf("/cgi-bin/message/mass/sendall", {
      filter: { is_to_all: true },
      msgtype: "text",
      text: { content: "新茶" },
      clientmsgid: "x".repeat(size),
    }),
};

/** Limits of mini-programs are met by one. */
const ofMiniPrograms: Readonly<Record<string, Probe | Lowered>> = {
  async [miniRules.loginsPerMinute.id](stage, size) {
    const { appid, secret } = stage.account;
    stage.emulator.world.setClock(60_000 - (Date.now() % 60_000));
    let last: Json = {};
    for (let times = 0; times < size; times += 1) {
      const { code } = stage.emulator.world.login(stage.puppet.id);
      const query = new URLSearchParams({ appid, secret, js_code: code, grant_type: "authorization_code" });
      last = (await (await fetch(`${stage.emulator.url}/sns/jscode2session?${query}`)).json()) as Json;
    }
    return last["errcode"] ?? 0;
  },
  [miniRules.sceneCharacters.id]: (stage, size) => drawn(stage, "/wxa/getwxacodeunlimit", { scene: "x".repeat(size) }),
  [miniRules.pathBytes.id]: (stage, size) => drawn(stage, "/wxa/getwxacode", { path: "x".repeat(size) }),
  [miniRules.codes.id]: {
    max: 3,
    async probe(stage, size) {
      let last: unknown = 0;
      for (let times = 0; times < size; times += 1) last = await drawn(stage, "/wxa/getwxacode", { path: "p" });
      return last;
    },
  },
  [miniRules.linkDays.id]: (stage, size) =>
    stage.errcodeOf("/wxa/generate_urllink", { path: "p", expire_type: 1, expire_interval: size }),
  [miniRules.linkSeconds.id]: (stage, size) => {
    // A whole second of the emulator's, so that "so many from now" is what was asked.
    stage.emulator.world.setClock(1_000 - (Date.now() % 1_000));
    const now = Math.floor(Date.parse(stage.emulator.world.clock().now) / 1000);
    return stage.errcodeOf("/wxa/generate_urllink", { path: "p", expire_time: now + size });
  },
  [miniRules.keywords.id]: (stage, size) => {
    const kidList = Array.from({ length: size }, (_, number) => number + 1);
    return stage.errcodeOf("/wxaapi/newtmpl/addtemplate", { tid: 9001, kidList });
  },
  [miniRules.templates.id]: {
    max: 3,
    async probe(stage, size) {
      let last: unknown = 0;
      for (let times = 0; times < size; times += 1)
        last = await stage.errcodeOf("/wxaapi/newtmpl/addtemplate", { tid: 9001, kidList: [1, 2] });
      return last;
    },
  },
  [miniRules.titles.id]: (stage, size) =>
    stage.errcodeOf("/wxaapi/newtmpl/getpubtemplatetitles", undefined, { ids: "307", start: "0", limit: String(size) }),
};

async function drawn(stage: Stage, path: string, body: Json): Promise<unknown> {
  const { type, bytes } = await stage.bytes(path, body);
  return type.startsWith("image/") ? 0 : (JSON.parse(bytes.toString()) as Json)["errcode"];
}

/** Smaller sizes that can't be: a file of one byte has no type, an address of one byte no scheme. */
const refusedInside: Readonly<Record<string, number>> = {
  [menuRules.urlBytes.id]: 40055,
  [menuRules.subUrlBytes.id]: 40054,
};

export function limitScenarios(coverage: Coverage, limits: readonly Limit[]): void {
  test.each(limits.map((limit) => [limit.id, limit] as const))(
    "%s ends where it says: its bound is taken, one beyond is refused",
    async (id, limit) => {
      const found = probes[id] ?? ofMiniPrograms[id];
      if (found === undefined) throw new Error(`no probe for ${id}`);
      const { probe, max } = typeof found === "function" ? { probe: found, max: limit.max } : found;
      // Each size in a world of its own: what one leaves behind would be measured by the next.
      const measured = async (size: number): Promise<unknown> => {
        const stage = await setStage(coverage, id in ofMiniPrograms ? { kind: "miniprogram" } : {});
        stage.emulator.world.changeRules(max === limit.max ? {} : { [id]: max });
        const errcode = await probe(stage, size);
        await stage.close();
        return errcode;
      };
      expect([await measured(max), await measured(max + 1)]).toEqual([0, limit.errcode]);
      if (limit.min === 0) return;
      if (id !== menuRules.subButtons.id) expect(await measured(limit.min - 1)).toBe(limit.errcodeBelow);
      expect([0, refusedInside[id]]).toContain(await measured(limit.min));
    },
  );
}
