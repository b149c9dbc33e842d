/**
 * An address in the form two spellings of it share (RFC 3986 §6.2.2–6.2.3): scheme and host in lower case, no
 * default port, no query or fragment (RFC 9449 §4.3 step 9 ignores both).
 * @returns undefined for what isn't an absolute http(s) address, has user information, or has dot segments:
 * those are resolved differently along the way and no honest client sends them.
 */
export function normaliseAddress(text: string): string | undefined {
  if (text.length > 2048 || !/^https?:\/\/[\x21-\x7e]+$/i.test(text)) return undefined
  const path = text.replace(/[?#].*$/, '')
  if (path.includes('\\') || /\/(?:\.|%2e){1,2}(?=\/|$)/i.test(path.slice(path.indexOf('//') + 2)))
    return undefined
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  return url.origin + url.pathname
}
