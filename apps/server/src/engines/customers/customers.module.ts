import { authenticator } from "@zhanggui/kit/server/http/caller";
import { PageFiles } from "@zhanggui/kit/server/http/page-files";
import { defineModule, on } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { codesModule } from "../../foundation/codes/codes.module.ts";
import { settingsModule } from "../../foundation/settings/settings.module.ts";
import { channelEntered, peopleMerged, personFollowed } from "../audience/audience.events.ts";
import { audienceModule } from "../audience/audience.module.ts";
import { connectModule } from "../connect/connect.module.ts";
import { customers } from "./customers.contract.ts";
import { CustomersService } from "./customers.service.ts";
import { keepNotices, keepSignIns, takesNewcomers } from "./customers.settings.ts";
import { CustomerFeed } from "./feed.ts";
import { SignIns } from "./sign-ins.ts";
import { WechatSignIn } from "./wechat-sign-in.ts";

const files = new PageFiles(import.meta.url, "customers", [
  "customer.html",
  "customer.css",
  "customer.js",
  "api.js",
  "words.js",
]);

/** Each locks a person: several in one transaction, in the order of events, would wait for others in a circle. */
const onePerson = { batch: 1 } as const;

export const customersModule = defineModule(customers, {
  uses: [accessModule, settingsModule, codesModule, connectModule, audienceModule],
  services: { feed: CustomerFeed, customers: CustomersService, wechat: WechatSignIn, signIns: SignIns },
  routes: ({ customers, wechat, signIns }) => ({
    about: customers.about,
    askCode: customers.askCode,
    signIn: customers.signIn,
    beginWechat: wechat.begin,
    wechatCallback: wechat.callback,
    linkWechat: wechat.link,
    addContact: customers.addContact,
    refresh: customers.refresh,
    signOut: customers.signOut,
    me: customers.me,
    follow: customers.follow,
    list: signIns.list,
    end: signIns.end,
    endAll: signIns.endAll,
    getRight: signIns.right,
    block: signIns.block,
    unblock: signIns.unblock,
    page: () => files.get("customer.html"),
    pageFile: (_ctx, { name }) => files.get(name),
  }),
  handlers: ({ feed, signIns }) => ({
    note_followed: on(personFollowed, feed.noteFollowed, onePerson),
    note_entered: on(channelEntered, feed.noteEntered, onePerson),
    follow_merge: on(peopleMerged, signIns.merge, onePerson),
  }),
  extensions: ({ customers }) => ({ customers: authenticator(customers) }),
  settings: [takesNewcomers],
  keeps: [keepSignIns, keepNotices],
});
