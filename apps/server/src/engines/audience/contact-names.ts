/** What somebody is called who came by a phone number or a mail address and has said no name: it tells two apart. */
export function placeholderOfContact(masked: string): string {
  return `客户 ${masked}`;
}
