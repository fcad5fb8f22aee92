import { type Language, languages } from "@zhanggui/kit/contract/text";
import type { Language as ElementWords } from "element-plus/es/locale";
import { computed, shallowReactive, type WritableComputedRef } from "vue";
import { createI18n } from "vue-i18n";
import firstEnglish from "virtual:words/first/en";
import firstChinese from "virtual:words/first/zh";

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
  messages: { zh: firstChinese, en: firstEnglish },
});

/** What is said behind the login, with the words of Element Plus. */
const rest = { zh: () => import("virtual:words/rest/zh"), en: () => import("virtual:words/rest/en") };
const loading = new Map<Language, Promise<void>>();
const loaded = shallowReactive(new Map<Language, ElementWords>());

/** The words of Element Plus in the reader's language; undefined before `loadWords`. */
export const elementWords = computed(() => loaded.get(language.value));

/**
 * Loads what is said behind the login, in one language: only the shown one is sent. From then on a change of language
 * waits for the words of the other.
 */
export function loadWords(wanted: Language): Promise<void> {
  let under = loading.get(wanted);
  if (under === undefined) {
    under = rest[wanted]().then(({ default: words, element }) => {
      i18n.global.mergeLocaleMessage(wanted, words);
      loaded.set(wanted, element);
    });
    loading.set(wanted, under);
    // What couldn't be loaded is asked for again.
    under.catch(() => loading.delete(wanted));
  }
  return under;
}

export const language: WritableComputedRef<Language> = computed({
  get: () => i18n.global.locale.value,
  set: (value) => {
    if (loading.size === 0 || loaded.has(value)) show(value);
    // If they can't be loaded, that is said where any missing part is (`missing-part.ts`).
    else
      void loadWords(value).then(
        () => show(value),
        () => undefined,
      );
  },
});

function show(value: Language): void {
  i18n.global.locale.value = value;
  localStorage.setItem(key, value);
  applyLanguage();
}

/** Tells the browser (fonts, screen readers, hyphenation) which language the page is in. */
export function applyLanguage(): void {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
}

/** The sentence of a thing that the server describes in both languages. */
export function inLanguage(text: { readonly zh: string; readonly en: string }): string {
  return text[language.value];
}
