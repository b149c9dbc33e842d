/** One fenced block of a page. */
export interface Block {
  readonly language: string
  readonly text: string
  /** The line before the fence, where it is an HTML comment: what it says. */
  readonly remark: string | undefined
}

const FENCE = /^(?:<!-- (.*) -->\n)?```(\w*)\n([\s\S]*?)^```$/gm

/** @returns the fenced blocks of a Markdown page, in order. */
export function readBlocks(page: string): readonly Block[] {
  return [...page.matchAll(FENCE)].map(([, remark, language = '', text = '']) => ({ language, text, remark }))
}
