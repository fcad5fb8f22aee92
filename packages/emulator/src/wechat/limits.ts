import { fact, limit, choice, rules } from "./rules.ts";

/*
 * WeChat's numbers and behaviours, each once, with where it was read, when, and how sure it is. RULES.md and the page
 * "Rules" are made of them. An emulator may be told to keep others (`PUT /emulator/rules`).
 */
const read = "2026-10";

/** Access tokens. */
export const tokenRules = rules(
  "token",
  { page: "doc/service/api/base/api_getstableaccesstoken", read, certainty: "documented" },
  {
    lifeSeconds: fact(7200, "An access token lives so many seconds."),
    overlapSeconds: fact(300, "A replaced token goes on working so many seconds."),
    renewBeforeSeconds: fact(300, "stable_token gives a new token in the last so many seconds of the old one."),
    forcedPerDay: fact(20, "So many forced refreshes a day; further ones answer the current token."),
    forcedApartSeconds: fact(30, "A forced refresh so soon after another answers the current token."),
  },
);

/** Message push. */
export const pushRules = rules(
  "push",
  { page: "doc/service/guide/dev/push", read, certainty: "documented" },
  {
    timeoutMs: fact(5000, "A developer's server is waited for so many milliseconds."),
    tries: fact(3, "A push is tried so often in all."),
    afterBadStatus: choice(
      { again: "counts as no answer and is tried again", over: "counts as an answer" },
      "An answer with another status than 200",
      { certainty: "recalled" },
    ),
    replyTextBytes: fact(2048, "The text of a passive reply has so many bytes at most.", { certainty: "recalled" }),
    replyArticlesToMessage: fact(1, "A news reply to a message shows so many articles; further ones are dropped."),
    replyArticlesToEvent: fact(8, "A news reply to an event shows so many articles; further ones are dropped."),
  },
);

/** QR codes with a scene. */
export const qrRules = rules(
  "qrcode",
  {
    page: "doc/service/Account_Management/Generating_a_Parametric_QR_Code",
    read,
    certainty: "documented",
  },
  {
    expireSeconds: limit([1, 2_592_000], 40058, "Seconds that a temporary code lives."),
    defaultExpireSeconds: fact(60, "A temporary code without expire_seconds lives so many seconds."),
    temporaryId: limit([1, 4_294_967_295], 40053, "scene_id of a temporary code: 32 bits, not 0."),
    permanentId: limit([1, 100_000], 40053, "scene_id of a permanent code."),
    sceneLength: limit([1, 64], 40053, "Characters of scene_str."),
    permanent: choice(
      { same: "is the same code", other: "is another code" },
      "A permanent code of a scene that has one",
      { certainty: "recalled" },
    ),
  },
);

/**
 * What lets an account send customer-service messages: how many, for how long. Grants don't add up: the larger number
 * and the later end hold (miniprogram/dev/OpenApiDoc/kf-mgnt/kf-message/sendCustomMessage).
 */
const windows = {
  page: "doc/service/api/customer/message/api_sendcustommessage",
  read,
  certainty: "documented",
} as const;
export const customMessageRules = rules("custom", windows, {
  messageCount: fact(5, "A message of the user lets the account send so many."),
  messageSeconds: fact(48 * 3600, "… within so many seconds."),
  clickCount: fact(3, "A tap on the menu lets the account send so many."),
  clickSeconds: fact(60, "… within so many seconds."),
  followCount: fact(3, "Following lets the account send so many."),
  followSeconds: fact(60, "… within so many seconds."),
  scanCount: fact(3, "A scan lets the account send so many."),
  scanSeconds: fact(60, "… within so many seconds."),
  enterCount: fact(2, "Opening the chat from a mini-program's page lets it send so many."),
  enterSeconds: fact(60, "… within so many seconds."),
  articles: limit([1, 1], 45008, "Articles of a news message (eight until 2018-10-12).", {
    page: "doc/offiaccount/Message_Management/Service_Center_messages",
    certainty: "documented",
  }),
});

/** WeChat's own customer service. */
export const staffRules = rules(
  "staff",
  { page: "doc/service/api/customer/servicermanage/api_addkfaccount", read: "2026-11", certainty: "documented" },
  {
    perAccount: limit([0, 100], 65405, "Staff of an account."),
    nickCharacters: limit([1, 16], 65403, "Characters of a nickname."),
    prefixCharacters: limit([1, 10], 65404, "Letters, digits and _ of a staff account before the @."),
    suffixCharacters: limit([1, 30], 65404, "Characters of a staff account behind the @: the account's WeChat number."),
    inviteSeconds: fact(7 * 86_400, "An invitation may be accepted for so many seconds.", { certainty: "recalled" }),
    sessionSeconds: fact(30 * 60, "A session that nobody used for so many seconds is over.", {
      page: "doc/offiaccount/Customer_Service/Forwarding_of_messages_to_service_center",
      certainty: "recalled",
    }),
    waitingShown: fact(100, "getwaitcase lists so many.", {
      page: "doc/offiaccount/Customer_Service/Session_control",
    }),
    recordSpan: limit([1, 86_400], 65417, "Seconds that one look at the records covers.", {
      page: "doc/service/api/customer/message/api_getmsglist",
    }),
    records: limit([1, 10_000], 65416, "Records that one look gives.", {
      page: "doc/service/api/customer/message/api_getmsglist",
    }),
  },
);

/** "The account is typing" on the phone. */
export const typingRules = rules(
  "typing",
  { page: "doc/service/api/customer/message/api_typing", read, certainty: "documented" },
  {
    afterMessageSeconds: fact(30, "Only if somebody said something in the last so many seconds (45080).", {
      page: "miniprogram/dev/OpenApiDoc/kf-mgnt/kf-message/setTyping",
    }),
    lastsSeconds: fact(15, "It shows for so many seconds.", { certainty: "recalled" }),
  },
);

/** Menus. */
export const menuRules = rules(
  "menu",
  { page: "doc/service/guide/product/menu", read, certainty: "documented" },
  {
    buttons: limit([1, 3], 40016, "Buttons of a menu."),
    subButtons: limit([1, 5], 40023, "Sub-buttons of a button."),
    nameBytes: limit([1, 16], 40018, "Bytes of a button's name."),
    subNameBytes: limit([1, 60], 40025, "Bytes of a sub-button's name."),
    keyBytes: limit([1, 128], 40019, "Bytes of a button's key."),
    subKeyBytes: limit([1, 128], 40026, "Bytes of a sub-button's key."),
    urlBytes: limit([1, 1024], 40020, "Bytes of a button's url."),
    subUrlBytes: limit([1, 1024], 40027, "Bytes of a sub-button's url."),
    shown: choice(
      { event: "pushes an event of the button's type", silent: "pushes nothing" },
      "A tap on media_id, view_limited, article_id or article_view_limited",
      { page: "doc/offiaccount/Custom_Menus/Creating_Custom-Defined_Menu", certainty: "reported" },
    ),
    miniProgram: choice(
      { silent: "opens no window for customer-service messages", click: "opens one, as a click does" },
      "A tap that opens a mini-program",
      { certainty: "recalled" },
    ),
  },
);

/** Template messages. */
export const templateRules = rules(
  "template",
  { page: "doc/service/api/notify/template", read, certainty: "documented" },
  {
    clientMessageSeconds: fact(600, "A client_msg_id is sent once within so many seconds."),
    templatesPerAccount: fact(25, "An account has so many templates at most."),
  },
);

/** Tags that an account gives its followers. */
export const tagRules = rules(
  "tags",
  { page: "doc/service/en/User_Management/User_Tag_Management", read, certainty: "documented" },
  {
    perAccount: limit([0, 100], 45056, "Tags of an account."),
    nameBytes: limit([1, 30], 45158, "Bytes of a tag's name.", { below: 45157 }),
    fansToDelete: limit([0, 100_000], 45057, "Followers with a tag that is to be deleted."),
    batch: limit([1, 50], 40032, "Openids of one call that tags or untags."),
    perUser: limit([0, 20], 45059, "Tags of a follower."),
    page: fact(10_000, "A page of a tag's followers has so many."),
  },
);

/** Followers. */
export const userRules = rules(
  "users",
  { page: "doc/service/en/User_Management/Getting_a_User_List", read, certainty: "documented" },
  {
    page: fact(10_000, "A page of the followers' list has so many."),
    batch: limit([1, 100], 40032, "Users of one call of user/info/batchget."),
    remarkBytes: limit([0, 29], 40058, "Bytes of a remark: fewer than thirty.", {
      page: "doc/offiaccount/User_Management/Configuring_user_notes",
      certainty: "recalled",
    }),
    blockPage: fact(1_000, "A page of the black list has so many.", {
      page: "doc/offiaccount/User_Management/Manage_blacklist",
    }),
    blockBatch: limit([1, 20], 40032, "Openids of one call that blocks or unblocks.", {
      page: "doc/offiaccount/User_Management/Manage_blacklist",
    }),
    blocked: choice(
      { unheard: "reaches nobody", heard: "is pushed all the same" },
      "What somebody on the black list writes",
      { certainty: "recalled" },
    ),
  },
);

/** Quotas and their clearing. */
export const quotaRules = rules(
  "quota",
  { page: "doc/service/en/Message_Management/API_Call_Limits", read, certainty: "documented" },
  {
    clearsPerMonth: limit([0, 10], 48006, "Times a month that an account's quotas are cleared."),
  },
);

/** What a customer-service or mass message may hold. */
export const contentRules = rules(
  "content",
  { page: "doc/service/api/customer/message/api_sendcustommessage", read, certainty: "recalled" },
  { textBytes: limit([1, 2048], 45002, "Bytes of a text.", { below: 44004 }) },
);

const megabyte = 1_048_576;
/** Media and the material library. */
export const mediaRules = rules(
  "media",
  { page: "doc/service/api/material/temporary/api_uploadtempmedia", read, certainty: "documented" },
  {
    temporarySeconds: fact(3 * 86_400, "Temporary media are kept so many seconds."),
    imageBytes: limit([1, 10 * megabyte], 40009, "Bytes of a picture.", { below: 44001 }),
    voiceBytes: limit([1, 2 * megabyte], 40010, "Bytes of a voice.", { below: 44001 }),
    videoBytes: limit([1, 10 * megabyte], 40011, "Bytes of a video.", { below: 44001 }),
    thumbBytes: limit([1, 64 * 1024], 40012, "Bytes of a thumbnail.", { below: 44001 }),
    articleImageBytes: limit([1, megabyte], 40009, "Bytes of a picture in an article's text.", {
      page: "doc/service/api/material/permanent/api_uploadimage",
    }),
    images: limit([0, 100_000], 45001, "Pictures of the material library.", {
      page: "doc/service/api/material/permanent/api_addmaterial",
    }),
    others: limit([0, 1_000], 45001, "Voices, videos or thumbnails of the material library.", {
      page: "doc/service/api/material/permanent/api_addmaterial",
    }),
    page: limit([1, 20], 40058, "Things of a page of the material library, of drafts, of what was published.", {
      page: "doc/service/api/material/permanent/api_batchgetmaterial",
    }),
    massVideo: choice(
      { temporary: "only temporary ones; others are answered 40007", any: "every one" },
      "Which videos media/uploadvideo takes",
      { page: "met in production; older pages allow permanent ones", certainty: "reported" },
    ),
  },
);

/** Articles of drafts. */
export const articleRules = rules(
  "article",
  { page: "doc/service/api/draftbox/draftmanage/api_draft_add", read, certainty: "documented" },
  {
    perDraft: limit([1, 8], 45008, "Articles of a draft."),
    titleCharacters: limit([1, 32], 45003, "Characters of a title."),
    contentCharacters: limit([1, 20_000], 45002, "Characters of an article's text.", { below: 44004 }),
    pictures: limit([1, 20], 45008, "Pictures of an article of pictures (newspic)."),
    digestCharacters: limit([0, 128], 45004, "Characters of a digest."),
  },
);

/** Mass sending. */
export const massRules = rules(
  "mass",
  { page: "doc/service/api/notify/message/api_masssend", read, certainty: "documented" },
  {
    openids: limit([2, 10_000], 40130, "Openids of one mass sending."),
    perMonth: fact(4, "A follower of a service account gets so many a month; more are counted as errors.", {
      page: "doc/service/guide/product/message/Batch_Sends",
    }),
    subscriptionPerDay: fact(1, "A subscription account sends so often a day (45028).", {
      page: "doc/service/guide/product/message/Batch_Sends",
    }),
    serviceDay: choice(
      { often: "as often as its calls allow", once: "as often as a subscription account" },
      "How often a day a service account sends",
      { page: "doc/service/guide/product/message/Batch_Sends", certainty: "reported" },
    ),
    clientIdBytes: limit([0, 64], 45067, "Bytes of clientmsgid."),
    clientIdSeconds: fact(
      86_400,
      "A clientmsgid is refused again (45065, with the first one's msg_id) for so many seconds.",
    ),
    clientIdRetrySeconds: fact(60, "… and refused as too fast (45066) for so many.", { certainty: "reported" }),
    video: choice(
      { uploadvideo: "it must first go through media/uploadvideo", direct: "a temporary one is taken as it is" },
      "A video of a mass sending",
      { page: "github.com/binarywang/WxJava/issues/3693", certainty: "reported" },
    ),
  },
);

/** Pages that ask a user who they are. */
export const oauthRules = rules(
  "oauth",
  { page: "doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization", read, certainty: "documented" },
  {
    codeSeconds: fact(300, "A code is good once, for so many seconds."),
    accessSeconds: fact(7200, "An access token in a user's name lives so many seconds."),
    refreshSeconds: fact(30 * 86_400, "A refresh token lives so many seconds, from the user's consent on."),
  },
);

/** The ticket of the JS-SDK. */
export const ticketRules = rules(
  "ticket",
  { page: "doc/offiaccount/OA_Web_Apps/JS-SDK", read, certainty: "documented" },
  { lifeSeconds: fact(7200, "A ticket lives so many seconds.") },
);

/** Mini-programs: who uses them, their codes, links and subscription messages. */
export const miniRules = rules(
  "mini",
  { page: "miniprogram/dev/OpenApiDoc/user-login/code2Session", read, certainty: "documented" },
  {
    codeSeconds: fact(300, "A code of wx.login or of a phone number's button is good once, for so many seconds."),
    loginsPerMinute: limit([0, 100], 45011, "Sessions of one user in a minute.", { certainty: "recalled" }),
    sceneCharacters: limit([1, 32], 40169, "Characters of a code's scene."),
    pathBytes: limit([1, 1024], 41030, "Bytes of a code's path.", { certainty: "recalled" }),
    codes: limit([0, 100_000], 45029, "Codes with a path, of both kinds together."),
    linkDays: limit([1, 30], 85401, "Days that a scheme or link lives, by expire_interval."),
    linkSeconds: limit([60, 30 * 86_400], 85401, "Seconds from now to expire_time."),
    keywords: limit([2, 5], 200020, "Keywords of a template."),
    templates: limit([0, 25], 200012, "Templates of a mini-program."),
    titles: limit([1, 30], 200017, "Templates of one page of the library."),
  },
);
