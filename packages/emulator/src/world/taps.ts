import { createHash } from "node:crypto";
import type { Field } from "../wechat/envelope.ts";
import { menuRules } from "../wechat/limits.ts";
import { type PushWork, unheard } from "../wechat/push.ts";
import { chooseAccount } from "./accounts.ts";
import { addChat } from "./chat.ts";
import type { TapAction } from "./inputs.ts";
import { menuFor } from "./menus.ts";
import type { Account, Bond, ChatContent, MenuButton } from "./model.ts";
import { sendEvent } from "./events.ts";
import { followingBond, grant, pictureBytes, sendPicture, sendPlace } from "./people.ts";
import type { State } from "./state.ts";
import { Trouble } from "./trouble.ts";

/** What a puppet does when a button asks for it: what it scans, photographs, or where it is. */
type Answer = Pick<TapAction, "scanned" | "base64" | "pictures" | "place">;

interface Tap extends Answer {
  state: State;
  account: Account;
  bond: Bond;
  button: MenuButton;
  menuId: string;
}

/** The puppet taps a menu button, named by its key, url, media, article or name. */
export function tap(state: State, puppetId: string, action: TapAction): PushWork {
  const account = chooseAccount(state, action.appid);
  const bond = followingBond(state, account, puppetId);
  const menu = menuFor(state, account, bond);
  const buttons = (menu?.button ?? []).flatMap((button) => button.sub_button ?? [button]);
  const parts = ["key", "url", "media_id", "article_id", "name"] as const;
  const found = parts.map((part) => buttons.find((one) => one[part] === action.button));
  const button = found.find((one) => one !== undefined);
  if (button === undefined || menu === null)
    throw new Trouble("no_such_button", `The account's menu has no button "${action.button}".`);
  addChat(state, bond, "puppet", { kind: "note", note: "tapped", text: button.name });
  const { scanned, base64, pictures, place } = action;
  const type = button.type ?? "";
  const act = (Object.hasOwn(acts, type) ? acts[type] : undefined) ?? click;
  return act({ state, account, bond, button, menuId: menu.menuId, scanned, base64, pictures, place });
}

/**
 * What each type of button does. Source: doc/offiaccount/Custom_Menus/Custom_Menu_Push_Events (the fields) and
 * doc/service/guide/product/menu (the types).
 */
const acts: Readonly<Record<string, (tap: Tap) => PushWork>> = {
  click,
  // Recalled: a VIEW event grants nothing and its answer is not shown.
  view: (given) => event(given, "VIEW", given.button.url, menuField(given)),
  miniprogram(given) {
    if (given.state.rules.position(menuRules.miniProgram) === "click") grant(given.state, given.bond, "click");
    return event(given, "view_miniprogram", given.button.pagepath, menuField(given));
  },
  scancode_push(given) {
    grant(given.state, given.bond, "click");
    return event(given, "scancode_push", given.button.key, [scanField(given)]);
  },
  scancode_waitmsg(given) {
    grant(given.state, given.bond, "click");
    return event(given, "scancode_waitmsg", given.button.key, [scanField(given)], true);
  },
  pic_sysphoto: photos,
  pic_photo_or_album: photos,
  pic_weixin: photos,
  location_select: located,
  media_id: shown,
  view_limited: shown,
  article_id: shown,
  article_view_limited: shown,
};

function click(given: Tap): PushWork {
  grant(given.state, given.bond, "click");
  return event(given, "CLICK", given.button.key, [], true);
}

function event({ state, account, bond }: Tap, name: string, key = "", more: Field[] = [], isTalk = false): PushWork {
  return sendEvent(state, account, bond, name, [{ name: "EventKey", text: key }, ...more], isTalk);
}

/** A menu that was set aside from the API has no id to tell. */
function menuField({ menuId }: Tap): Field[] {
  return menuId === "" ? [] : [{ name: "MenuId", number: menuId }];
}

function scanField({ scanned = "https://lantern-tea.example/table/7" }: Tap): Field {
  return {
    name: "ScanCodeInfo",
    children: [
      { name: "ScanType", text: "qrcode" },
      { name: "ScanResult", text: scanned },
    ],
  };
}

/** The event tells of the pictures, which come after it as messages of their own. */
function photos(given: Tap): PushWork {
  const { state, account, bond, button, pictures = 1 } = given;
  const all = Array.from({ length: pictures }, () => pictureBytes(state, given));
  const items = all.map((bytes): Field => {
    const sum = createHash("md5").update(bytes).digest("hex");
    return { name: "item", children: [{ name: "PicMd5Sum", text: sum }] };
  });
  const info: Field = {
    name: "SendPicsInfo",
    children: [
      { name: "Count", number: String(items.length) },
      { name: "PicList", children: items },
    ],
  };
  const work = event(given, button.type ?? "", button.key, [info]);
  return followedBy(state, work, () => all.map((bytes) => sendPicture(state, account, bond, bytes)));
}

function located(given: Tap): PushWork {
  const { state, account, bond, button, place = { latitude: 31.2304, longitude: 121.4737, label: "上海" } } = given;
  const { latitude, longitude, label = "", scale = 16 } = place;
  const info: Field = {
    name: "SendLocationInfo",
    children: [
      { name: "Location_X", text: String(latitude) },
      { name: "Location_Y", text: String(longitude) },
      { name: "Scale", text: String(scale) },
      { name: "Label", text: label },
      { name: "Poiname", text: "" },
    ],
  };
  const work = event(given, "location_select", button.key, [info]);
  return followedBy(state, work, () => [sendPlace(state, account, bond, place)]);
}

/** After the event, as a phone does it; `settle` waits for it. */
function followedBy(state: State, work: PushWork, next: () => PushWork[]): PushWork {
  const done = work.done.then(async (report) => {
    for (const { done: through } of next()) await through;
    return report;
  });
  return { report: work.report, done: state.track(done) };
}

/** WeChat shows what the button names by itself; whether the developer's server hears of it is a switch. */
function shown(given: Tap): PushWork {
  const { state, account, bond, button } = given;
  const mediaId = button.media_id ?? button.article_id ?? "";
  const item = state.media.find(account.appid, mediaId);
  const opens = button.type === "view_limited" || button.type === "article_view_limited";
  if (item !== undefined && !opens) addChat(state, bond, "account", contentOf(state, item), "passive");
  const what = button.type ?? "";
  if (state.rules.position(menuRules.shown) === "silent")
    return unheard(state, { account, bond, what, problem: "this kind of button pushes nothing" });
  return event(given, what, mediaId, menuField(given));
}

function contentOf(state: State, item: NonNullable<ReturnType<State["media"]["find"]>>): ChatContent {
  if (item.type === "image") return { kind: "picture", url: state.media.url(item), mediaId: item.mediaId };
  if (item.type !== "news") return { kind: "media", type: item.type, mediaId: item.mediaId, title: item.title };
  const articles = item.articles.map((article, index) => ({
    title: article.title,
    description: article.digest,
    pictureUrl: "",
    url: `${state.media.url(item)}?article=${index}`,
  }));
  return { kind: "news", articles };
}
