/** Addresses a token may be good for (RFC 8707) and how they contain each other. */

const SEGMENTS = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/

/**
 * @param root an address without a trailing slash, e.g. `https://gateway.example/exchange`.
 * @returns whether `text` is the root or plain path segments below it: no query, fragment, escape, dot segment.
 */
export function isResource(root: string, text: string): boolean {
  return text.length <= 512 && text.startsWith(root) && SEGMENTS.test(text.slice(root.length))
}

/** @returns whether `url` (without query) is the resource or lies below it, at a segment's edge. */
export function isAtOrBelow(resource: string, url: string): boolean {
  return url.startsWith(resource) && (url.length === resource.length || url[resource.length] === '/')
}
