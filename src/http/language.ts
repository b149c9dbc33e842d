import type { IncomingMessage } from 'node:http'
import type { Language } from '../model/identifier.ts'

/** @returns the language an `Accept-Language` field prefers (RFC 9110 §12.5.4); Vietnamese where it names neither. */
export function preferredLanguage(acceptLanguage: string | undefined): Language {
  if (acceptLanguage === undefined) return 'vi'
  let best: { language: Language; weight: number } = { language: 'vi', weight: 0 }
  for (const item of acceptLanguage.split(',', 20)) {
    const [range = '', ...parameters] = item.trim().toLowerCase().split(';')
    const language = range.startsWith('vi') ? 'vi' : range.startsWith('en') ? 'en' : undefined
    if (language === undefined) continue
    const q = parameters.find((parameter) => parameter.trim().startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.trim().slice(2))
    if (weight > best.weight) best = { language, weight }
  }
  return best.language
}

/** @returns the language an address asks for (`?lang=`), else the one the reader prefers. */
export function askedLanguage({ url = '', headers }: IncomingMessage): Language {
  const asked = new URLSearchParams(url.split('?')[1]).get('lang')
  return asked === 'vi' || asked === 'en' ? asked : preferredLanguage(headers['accept-language'])
}
