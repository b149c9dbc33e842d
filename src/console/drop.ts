import { run } from './verify.ts'

/** The page for files somebody kept: puts each where it belongs and checks them. Nothing leaves the browser. */

/** @returns the field that a file's text belongs into: a proof and a receipt say what they are. */
function fieldOf(text: string): 'proof' | 'receipt' | 'leaf' {
  if (text.startsWith('c2sp.org/tlog-proof@')) return 'proof'
  return /^log="/.test(text.trim()) ? 'receipt' : 'leaf'
}

async function take(files: Iterable<File>): Promise<void> {
  for (const file of files) {
    const text = await file.text()
    const field = document.getElementById(fieldOf(text))
    if (field instanceof HTMLTextAreaElement) {
      // A receipt is one line; of a record every byte counts.
      field.value = fieldOf(text) === 'receipt' ? text.trim() : text
      delete field.dataset['original']
      field.classList.remove('tampered')
    }
  }
  await run()
}

const zone = document.getElementById('drop')
const input = document.getElementById('files')
zone?.addEventListener('dragover', (event) => {
  event.preventDefault()
  zone.classList.add('over')
})
zone?.addEventListener('dragleave', () => zone.classList.remove('over'))
zone?.addEventListener('drop', (event) => {
  event.preventDefault()
  zone.classList.remove('over')
  void take(event.dataTransfer?.files ?? [])
})
if (input instanceof HTMLInputElement) input.addEventListener('change', () => void take(input.files ?? []))
