/** What a module gives to an extension point. */
export interface Extension {
  readonly point: symbol;
  readonly value: unknown;
}

/** A place where one module asks and others, above it, answer. Called with a value it makes an extension. */
export interface ExtensionPoint<Value> {
  (value: Value): Extension;
  readonly point: symbol;
  /** Only there for the compiler. */
  readonly type?: Value;
}

/**
 * Declares an extension point: the module below declares it, asks `Extensions.of` for what was given, and knows nobody
 * of those who give.
 */
export function extensionPoint<Value>(name: string): ExtensionPoint<Value> {
  const point = Symbol(name);
  return Object.assign((value: Value): Extension => ({ point, value }), { point });
}

export interface NamedExtension<Value> {
  /** `<module>.<key>`, as its module declares it. */
  readonly name: string;
  readonly value: Value;
}

/** What the modules of this server give to each extension point, in the order of the registry. Complete at start. */
export class Extensions {
  readonly #given = new Map<symbol, NamedExtension<unknown>[]>();

  add(name: string, { point, value }: Extension): void {
    const given = this.#given.get(point) ?? [];
    this.#given.set(point, [...given, { name, value }]);
  }

  of<Value>({ point }: ExtensionPoint<Value>): readonly NamedExtension<Value>[] {
    return (this.#given.get(point) ?? []) as NamedExtension<Value>[];
  }
}
