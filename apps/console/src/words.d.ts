/** Made by `build/words.ts`. */
declare module "virtual:words/*" {
  const words: { readonly [module: string]: object };
  export default words;
  /** What Element Plus says itself; only where the words are those behind the login. */
  export const element: import("element-plus/es/locale").Language;
}
