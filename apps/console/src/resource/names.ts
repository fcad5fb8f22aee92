const one = "-one";

/** The name of the page of one row, by that of the list's page. */
export function onePage(list: string): string {
  return `${list}${one}`;
}
/** The other way round. */
export function listPage(page: string): string {
  return page.slice(0, -one.length);
}
