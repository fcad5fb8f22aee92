import { type Language, languages } from "@zhanggui/kit/contract/text";
import { computed, type WritableComputedRef } from "vue";
import { createI18n } from "vue-i18n";
import { messages } from "../messages.ts";

const key = "zhanggui.language";

/** The first of the reader's languages (BCP 47 tags, as browsers list them) that the console speaks; else English. */
export function preferred(tags: readonly string[]): Language {
  const preferred = tags.map((tag) => tag.toLowerCase().split("-")[0]);
  return preferred.map((each) => languages.find((language) => language === each)).find(Boolean) ?? "en";
}

/** What was chosen here before; until then, what the browser is set to. */
function initial(): Language {
  const chosen = localStorage.getItem(key);
  return languages.find((each) => each === chosen) ?? preferred(navigator.languages);
}

export const i18n = createI18n({
  legacy: false,
  locale: initial(),
  fallbackLocale: "zh",
  messages,
});

export const language: WritableComputedRef<Language> = computed({
  get: () => i18n.global.locale.value,
  set: (value) => {
    i18n.global.locale.value = value;
    localStorage.setItem(key, value);
    applyLanguage();
  },
});

/** Tells the browser (fonts, screen readers, hyphenation) which language the page is in. */
export function applyLanguage(): void {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
}

/** The sentence of a thing that the server describes in both languages. */
export function inLanguage(text: { readonly zh: string; readonly en: string }): string {
  return text[language.value];
}
