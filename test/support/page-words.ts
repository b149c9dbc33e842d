import type { Language } from '../../src/model/identifier.ts'

/** Words of one language that stand in no name, term or code that the other one uses. */
const OWN_WORDS: Readonly<Record<Language, RegExp>> = {
  vi: /(?<!\p{L})(?:của|và|không|được|theo|để|là|những|các|một|chưa|đã|trong|cho|với|mỗi)(?!\p{L})/iu,
  en: /(?<![\p{L}-])(?:the|of|and|is|are|not|with|by|which|whose|each|was|were|this|that|has|have)(?![\p{L}-])/iu,
}
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

/** What people read on a page as prose: no code, no field's content, nothing that is marked as another language. */
export function proseOf(page: string): readonly string[] {
  return page
    .replace(/^[\s\S]*?<html[^>]*>/, '')
    .replaceAll(/<(style|script|code|pre|textarea)\b[^>]*>[\s\S]*?<\/\1>/g, ' ')
    .replaceAll(/<(\w+)[^>]* lang="(?:vi|en)"[^>]*>[^<]*<\/\1>/g, ' ')
    .replaceAll(/ (?:aria-label|title|placeholder|alt)="([^"]+)"[^>]*>/g, '>$1<br>')
    .split(/<[^>]*>/)
    .map((text) => text.replaceAll(/&([a-z#0-9]+);/g, (_all, name) => ENTITIES[name] ?? ' ').trim())
    .filter((text) => text !== '')
}

/** @returns what a page says in the other language. */
export function foreignProse(page: string, language: Language): readonly string[] {
  const other = OWN_WORDS[language === 'vi' ? 'en' : 'vi']
  return proseOf(page).filter((text) => other.test(text))
}
