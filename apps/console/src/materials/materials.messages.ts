import { pair } from "../common/pair.ts";

export const materialsMessages = pair(
  {
    module: "微信素材",
    workNames: {
      read_library: "读取公众号素材",
      sync_all: "每晚同步微信素材",
      make_card: "制作小程序卡片",
      make_cards: "绑定后制作小程序卡片",
      complete_cards: "每晚补齐小程序卡片",
    },
  },
  {
    module: "WeChat material",
    workNames: {
      read_library: "Read an account's library",
      sync_all: "Read all libraries, nightly",
      make_card: "Make a mini-program's card",
      make_cards: "Make cards once an app is bound",
      complete_cards: "Make the cards that lack, nightly",
    },
  },
);
