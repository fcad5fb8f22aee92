/** Something that whoever runs the server can mend: its message says all about it, so it is shown without a stack. */
export class OperatorError extends Error {}
