/** What is made here: the titles of forms, and the palette's actions. */
export const newMaterial = { zh: "上传素材", en: "Upload material" };
