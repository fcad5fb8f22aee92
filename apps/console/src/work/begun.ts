import { ref } from "vue";

/** Counts what this tab has handed over to the server: whoever shows what runs looks again. */
export const begun = ref(0);
