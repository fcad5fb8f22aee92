/** Codes of what the control API and the library refuse, with the HTTP status of each. */
export const troubleStatuses = {
  invalid_request: 400,
  no_such_account: 404,
  no_such_puppet: 404,
  no_such_code: 404,
  no_such_template: 404,
  no_such_mail: 404,
  no_such_picture: 404,
  no_such_button: 404,
  no_such_staff: 404,
  no_such_snapshot: 404,
  unusable_snapshot: 422,
  no_such_route: 404,
  no_such_text: 404,
  name_account: 400,
  other_origin: 403,
  taken: 409,
  not_following: 409,
  already_following: 409,
  code_expired: 409,
  push_check_failed: 422,
} as const;

export type TroubleCode = keyof typeof troubleStatuses;

/** An order that can't be carried out, with a sentence that says why. */
export class Trouble extends Error {
  readonly code: TroubleCode;

  constructor(code: TroubleCode, message: string) {
    super(message);
    this.code = code;
  }
}
