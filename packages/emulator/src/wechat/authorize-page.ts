import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Account } from "../world/model.ts";
import type { Scope } from "../world/oauth.ts";
import type { State } from "../world/state.ts";
import { refuseForeignHosts } from "../own-hosts.ts";
import { mayCall } from "./rights.ts";

/** On the real platform this is on the host open.weixin.qq.com. */
const path = "/connect/oauth2/authorize";
const cookieName = "emulator_puppet";
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'self'";

const Query = z.object({
  appid: z.string(),
  redirect_uri: z.string(),
  response_type: z.string(),
  scope: z.string(),
  state: z.string().optional(),
});

/** What is wrong with an address that a page sent somebody to. Codes: as WeChat's page shows them (community posts). */
const troubles = {
  10003: "redirect_uri域名与后台配置不一致",
  10004: "此公众号被封禁",
  10005: "此公众号并没有这些scope的权限",
  10012: "必填参数缺失或不正确",
  10016: "不支持的scope",
} as const;

interface Asked {
  account: Account;
  redirectUri: string;
  scope: Scope;
  state: string | undefined;
}

/**
 * The page where a user agrees to tell an account who they are. Who holds the browser is asked once and kept in a
 * cookie; `?puppet=` or the header `x-emulator-puppet` say it without asking. snsapi_base asks nothing more.
 */
export function serveAuthorizePage(app: FastifyInstance, state: State, allowedHosts: readonly string[] = []): void {
  app.addHook("onRequest", refuseForeignHosts([...allowedHosts, "open.weixin.qq.com"]));
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  app.get(path, (request, reply) => {
    const asked = read(state, request);
    if (typeof asked === "number") return show(reply, 200, troublePage(asked));
    const puppetId = holderOf(state, request);
    const isSilent = asked.scope === "snsapi_base" || saysYes(request);
    if (puppetId !== null && isSilent) return agree(state, reply, asked, puppetId);
    return show(reply, 200, consentPage(state, request.url, asked, puppetId));
  });
  app.post(path, (request, reply) => {
    const asked = read(state, request);
    if (typeof asked === "number") return show(reply, 200, troublePage(asked));
    const { puppet = "", answer } = (request.body ?? {}) as Record<string, string | undefined>;
    if (answer !== "allow" || !state.puppets.has(puppet))
      return show(reply, 200, note("已拒绝授权", "您可以关闭此页面"));
    reply.header("set-cookie", `${cookieName}=${encodeURIComponent(puppet)}; Path=/; HttpOnly; SameSite=Lax`);
    return agree(state, reply, asked, puppet);
  });
}

function read(state: State, request: FastifyRequest): Asked | keyof typeof troubles {
  const query = Query.safeParse(request.query);
  if (!query.success || query.data.response_type !== "code") return 10012;
  const account = state.accounts.get(query.data.appid);
  if (account === undefined || !URL.canParse(query.data.redirect_uri)) return 10012;
  const scope = (["snsapi_base", "snsapi_userinfo"] as const).find((each) => each === query.data.scope);
  if (scope === undefined) return 10016;
  if (!mayCall(account, "oauth")) return 10005;
  const { protocol, host } = new URL(query.data.redirect_uri);
  const isWeb = protocol === "http:" || protocol === "https:";
  const isOwn = account.oauthDomains === null || account.oauthDomains.includes(host);
  if (!isWeb || !isOwn) return 10003;
  return { account, redirectUri: query.data.redirect_uri, scope, state: query.data.state };
}

function holderOf(state: State, request: FastifyRequest): string | null {
  const { puppet } = request.query as Record<string, string | undefined>;
  const header = request.headers["x-emulator-puppet"];
  // An id needs no escaping.
  const cookie = new RegExp(`(?:^|;\\s*)${cookieName}=([\\w-]*)`).exec(request.headers.cookie ?? "")?.[1];
  const named = puppet ?? (typeof header === "string" ? header : undefined) ?? cookie;
  return named !== undefined && state.puppets.has(named) ? named : null;
}

/** A program that plays the user says so in the address: nobody is there to press a button. */
function saysYes(request: FastifyRequest): boolean {
  return (request.query as Record<string, string | undefined>)["agree"] === "1";
}

/** Back to the account's page, with a code. */
function agree(state: State, reply: FastifyReply, asked: Asked, puppetId: string): FastifyReply {
  const bond = state.bond(asked.account, state.puppet(puppetId));
  const { redirectUri, scope } = asked;
  const code = state.oauth.giveCode({ appid: bond.appid, openid: bond.openid, scope });
  const added = new URLSearchParams({ code, ...(asked.state === undefined ? {} : { state: asked.state }) });
  // The page's own query stays as it was written.
  const [before = "", fragment] = redirectUri.split("#");
  const href = `${before}${before.includes("?") ? "&" : "?"}${added}`;
  return reply.redirect(fragment === undefined ? href : `${href}#${fragment}`, 302);
}

function show(reply: FastifyReply, status: number, html: string): FastifyReply {
  reply.header("content-security-policy", policy).header("referrer-policy", "no-referrer");
  return reply.status(status).type("text/html; charset=utf-8").send(html);
}

function consentPage(state: State, action: string, { account, scope }: Asked, holder: string | null): string {
  const held = holder === null ? [] : [state.puppet(holder)];
  // Whoever is asked for stands first, however many there are.
  const others = state.puppets.page({ limit: 500 }).puppets.filter(({ id }) => id !== holder);
  const puppets = [...held, ...others];
  const options = puppets
    .map(({ id, name }) => `<option value="${escape(id)}"${id === holder ? " selected" : ""}>${escape(name)}</option>`)
    .join("");
  const wants = scope === "snsapi_userinfo" ? "获取您的昵称、头像" : "获取您的 openid";
  const who =
    puppets.length === 0
      ? `<p class="note">替身里还没有人：先在“手机”页添加一位</p>`
      : `<label class="field"><span>以谁的身份</span><select class="input" name="puppet">${options}</select></label>`;
  return wrap(
    `${account.name} 申请授权`,
    `<form class="card stack" method="post" action="${escape(action)}">
      <h1>${escape(account.name)}</h1>
      <p>申请${wants}</p>
      ${who}
      <div class="row">
        <button class="button main" name="answer" value="allow">允许</button>
        <button class="button" name="answer" value="deny">拒绝</button>
      </div>
    </form>`,
  );
}

function troublePage(code: keyof typeof troubles): string {
  return note(troubles[code], `错误码：${code}`);
}

function note(title: string, text: string): string {
  return wrap(title, `<div class="card stack"><h1>${escape(title)}</h1><p>${escape(text)}</p></div>`);
}

function wrap(title: string, body: string): string {
  return `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" /><title>${escape(title)}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
<link rel="stylesheet" href="/assets/colours.css" /><link rel="stylesheet" href="/assets/base.css" />
<link rel="stylesheet" href="/assets/authorize.css" /></head><body><main>${body}</main></body></html>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
