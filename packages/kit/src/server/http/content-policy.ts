const everywhere = "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/**
 * What a page of ours may load and do (CSP 3, Trusted Types): its own files, sound and film, pictures in `data:`, no
 * script or style in the page itself. Scripts put no text into the page as HTML; Vue has one for the templates that it
 * was built with, and `proof` lets pages start the one worker that solves a proof of work.
 */
export const contentPolicy = contentPolicyWith("'self'");

/** The same where a page's files come from another origin, too: a CDN. What it calls stays ours. */
export function contentPolicyOf(assetsUrl: string | undefined): string {
  return assetsUrl === undefined ? contentPolicy : contentPolicyWith(`'self' ${new URL(assetsUrl).origin}`);
}

function contentPolicyWith(files: string): string {
  return `default-src 'none'; script-src ${files}; style-src ${files}; img-src ${files} data:; media-src 'self'; connect-src 'self'; font-src ${files}; require-trusted-types-for 'script'; trusted-types vue proof; ${everywhere}`;
}

/** The API's page is swagger-ui, which sets style attributes and writes HTML. */
export const documentationPolicy = `default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; ${everywhere}`;
