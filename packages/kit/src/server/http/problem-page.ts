import { createHash } from "node:crypto";
import type { Problem } from "../../contract/problem.ts";
import type { Language } from "../../contract/text.ts";

const style =
  "body{font:16px/1.6 system-ui,sans-serif;max-width:22em;margin:18vh auto;padding:0 1em;color-scheme:light dark}" +
  "label{display:block;margin:1em 0 .3em}input,button{font:inherit;box-sizing:border-box;width:100%;padding:.5em}" +
  "button{margin-top:1em;color:#fff;background:#28724f;border:0;border-radius:4px}small{color:GrayText}" +
  "a{color:light-dark(#28724f,#7cc4a0)}";
const styleHash = createHash("sha256").update(style).digest("base64");

/** Its own style and nothing else. A form's answer may lead elsewhere, which `form-action` looks at, too. */
export const problemPagePolicy =
  `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self' https: http: weixin:; ` +
  "base-uri 'none'; frame-ancestors 'none'";

/**
 * A refusal as people read it who have followed an address of ours: its sentence, and the form for what a fault asks
 * for by its detail `asks: "password"`, which is posted to the same address. Of faults of ours also the trace id.
 */
export function problemPage({ detail, status, traceId, details }: Problem, language: Language, back?: string): string {
  const [lang, label, button, goBack] =
    language === "zh" ? ["zh-CN", "密码", "继续", "返回"] : ["en", "Password", "Continue", "Back"];
  const link = back === undefined ? "" : `<a href="${escaped(back)}">${goBack}</a>`;
  const sentence = escaped(detail);
  const form = `<form method="post" enctype="multipart/form-data"><label for="password">${label}</label>
<input id="password" name="password" type="password" maxlength="128" required autofocus autocomplete="off">
<button>${button}</button></form>`;
  return `<!doctype html><html lang="${lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${sentence}</title>
<style>${style}</style></head><body><main><p>${sentence}</p>${details?.["asks"] === "password" ? form : ""}${link}
${status >= 500 ? `<small>${escaped(traceId)}</small>` : ""}</main></body></html>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
