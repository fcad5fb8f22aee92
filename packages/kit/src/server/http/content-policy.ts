const everywhere = "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/**
 * What a page of ours may load and do (CSP 3, Trusted Types): its own files and pictures in `data:`, no script or style
 * in the page itself. Scripts put no text into the page as HTML; Vue has a policy for the templates that it was built
 * with.
 */
export const contentPolicy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; require-trusted-types-for 'script'; trusted-types vue; ${everywhere}`;

/** The API's page is swagger-ui, which sets style attributes and writes HTML. */
export const documentationPolicy = `default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; ${everywhere}`;
