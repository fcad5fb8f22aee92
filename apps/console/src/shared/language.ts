import { type Language, languages } from "@zhanggui/kit/contract/text";
import { computed, type WritableComputedRef } from "vue";
import { createI18n } from "vue-i18n";
import { words } from "../words.ts";

const key = "zhanggui.language";

/** Chinese comes first; who chose English keeps it. */
function stored(): Language {
  const value = localStorage.getItem(key);
  return languages.find((each) => each === value) ?? "zh";
}

export const i18n = createI18n({
  legacy: false,
  locale: stored(),
  fallbackLocale: "zh",
  messages: words,
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
