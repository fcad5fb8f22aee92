import { ref, watchEffect } from "vue";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "zhanggui.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = ref(prefersDark.matches);
prefersDark.addEventListener("change", ({ matches }) => {
  systemIsDark.value = matches;
});

/** What the account menu offers; kept in this browser. */
export const theme = ref<Theme>(themes.find((each) => each === localStorage.getItem(key)) ?? "system");

/** Follows the choice from now on. */
export function applyTheme(): void {
  watchEffect(() => {
    const isDark = theme.value === "dark" || (theme.value === "system" && systemIsDark.value);
    document.documentElement.classList.toggle("dark", isDark);
    localStorage.setItem(key, theme.value);
  });
}
