import { onBeforeUnmount, onMounted } from "vue";

/** Runs what a key stands for, unless somebody is typing, or something lies over the page. */
export function useKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  function onKey(event: KeyboardEvent): void {
    const { key, metaKey, ctrlKey, altKey, target } = event;
    const run = keys[key];
    if (run === undefined || metaKey || ctrlKey || altKey || isTaken(target, key)) return;
    event.preventDefault();
    run(event);
  }
  onMounted(() => addEventListener("keydown", onKey));
  onBeforeUnmount(() => removeEventListener("keydown", onKey));
}

function isTaken(target: EventTarget | null, key: string): boolean {
  const isOver =
    document.querySelector("dialog[open], .el-overlay:not([style*='none']), [popover]:popover-open") !== null;
  const typing = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]";
  // Enter is for what has the focus, where that does something.
  const own = key === "Enter" ? `${typing}, a[href], button, summary` : typing;
  return isOver || (target instanceof Element && target.closest(own) !== null);
}
